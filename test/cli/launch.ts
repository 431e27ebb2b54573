// Runs a program as bin/ does, from source: `node --import tsx test/cli/launch.ts doozer get /a`.
import { runDoozer, runDoozerd } from '../../src/cli/index.ts';

const [program, ...words] = process.argv.slice(2);
await (program === 'doozerd' ? runDoozerd(words) : runDoozer(words));
