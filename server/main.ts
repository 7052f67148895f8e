#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { runProgram } from './cli/program.ts';

// The heap is small, but typed arrays beside it come and go at 14 MB a second for each 720p stream, and V8 counts them as
// its growth: it then marks the whole heap twice a second. Four times the heap as the limit makes that once in five.
setFlagsFromString('--heap-growing-percent=300');

process.exitCode = await runProgram(process.argv);
