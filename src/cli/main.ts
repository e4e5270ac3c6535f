#!/usr/bin/env node
import { processContext } from './context.ts';
import { runCommandLine } from './run.ts';

const code = await runCommandLine(process.argv.slice(2), processContext());
// All output is handed over; an input that is still open (a pipe nobody closes) must not hold the process.
process.exit(code);
