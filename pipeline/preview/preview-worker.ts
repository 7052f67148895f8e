import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../errors.ts';
import { PREVIEW_NICENESS, yieldToOtherThreads } from '../models/thread-priority.ts';
import { servePreview } from './serve-preview.ts';

assert(parentPort, 'this module is the entry of a worker thread');
yieldToOtherThreads(PREVIEW_NICENESS);
await servePreview(parentPort, workerData);
