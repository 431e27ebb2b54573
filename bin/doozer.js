#!/usr/bin/env node
import { runDoozer } from '../dist/src/cli/index.js';

await runDoozer(process.argv.slice(2));
