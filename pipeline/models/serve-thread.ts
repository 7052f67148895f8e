import type { MessagePort } from 'node:worker_threads';
import { ConfigError, reasonOf } from '../errors.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

/** What a worker thread does, once it is warm. */
export interface ThreadService<Ready, Task, Result> extends AsyncDisposable {
  readonly ready: Ready;
  /** Does one task; calls do not overlap. */
  run(task: Task): Promise<{ readonly result: Result; readonly transfer: readonly ArrayBuffer[] }>;
}

/** The life of a worker thread: opens its service, answers tasks one after another until `close`, then releases all. */
export async function serveThread<Ready, Task, Result>(
  port: MessagePort,
  open: () => Promise<ThreadService<Ready, Task, Result>>,
): Promise<void> {
  const send = (message: FromThread<Ready, Result>, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let service: ThreadService<Ready, Task, Result>;
  try {
    service = await open();
  } catch (error) {
    const code = error instanceof ConfigError ? error.code : 'model-failed';
    send({ type: 'refused', code, detail: reasonOf(error) });
    return;
  }
  const answer = async (message: ToThread<Task>): Promise<void> => {
    if (message.type === 'close') {
      await service[Symbol.asyncDispose]();
      port.close();
      return;
    }
    try {
      const { result, transfer } = await service.run(message.task);
      send({ type: 'done', result }, transfer);
    } catch (error) {
      send({ type: 'failed', detail: reasonOf(error) });
    }
  };
  // A chain, so that `close` never releases a session with a run in flight.
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: ToThread<Task>) => {
    last = last.then(() => answer(message));
  });
  send({ type: 'ready', ready: service.ready });
}
