import { getPriority, setPriority } from 'node:os';
import { reasonOf } from '../errors.ts';

/** How far the preview's thread stands behind those that tokens need, when processors are short, in steps of niceness. */
export const PREVIEW_NICENESS = 10;

const MAX_NICENESS = 19;

/**
 * Makes the calling thread give way to the others of its process. Only Linux knows the priority of a thread; elsewhere
 * nothing changes.
 */
export function yieldToOtherThreads(niceness: number): void {
  if (process.platform !== 'linux') return;
  try {
    // Linux takes process 0 for the calling thread (setpriority(2), "C library/kernel differences").
    setPriority(0, Math.min(MAX_NICENESS, getPriority(0) + niceness));
  } catch (error) {
    process.emitWarning(`a thread keeps its priority: ${reasonOf(error)}`);
  }
}
