import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';

/** To a worker thread: one task at a time; `close` is obeyed after the task. */
export type ToThread<Task> = { readonly type: 'run'; readonly task: Task } | { readonly type: 'close' };

/** From a worker thread: `ready` or `refused` once, then one answer to each task. */
export type FromThread<Ready, Result> =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly detail: string }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly detail: string };
