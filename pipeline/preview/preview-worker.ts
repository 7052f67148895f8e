import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../errors.ts';
import { servePreview } from './serve-preview.ts';

assert(parentPort, 'this module is the entry of a worker thread');
await servePreview(parentPort, workerData);
