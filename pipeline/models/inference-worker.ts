import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../errors.ts';
import { serveInference } from './serve-inference.ts';
import { THREAD_NICENESS, yieldToOtherThreads } from './thread-priority.ts';

assert(parentPort, 'this module is the entry of a worker thread');
yieldToOtherThreads(THREAD_NICENESS.inference);
await serveInference(parentPort, workerData);
