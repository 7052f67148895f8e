import { getPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { yieldToOtherThreads } from '../../pipeline/models/thread-priority.ts';

/** A thread that gives way by as much as it is told and says what priority it has then. */
yieldToOtherThreads(workerData);
parentPort!.postMessage(getPriority(0));
