#!/usr/bin/env node
import { runDoozerd } from '../dist/src/cli/index.js';

await runDoozerd(process.argv.slice(2));
