import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../errors.ts';
import { serveInference } from './serve-inference.ts';

assert(parentPort, 'this module is the entry of a worker thread');
await serveInference(parentPort, workerData);
