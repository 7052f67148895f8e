import { KinoglyphError } from './kinoglyph-error.ts';
import type { ReconnectPolicy } from './reconnect-policy.ts';

/** What a subscription does: `reconnecting` when a connection was lost, `closed` at its end. */
export type ConnectionState = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface ReconnectingOptions {
  readonly reconnect: ReconnectPolicy;
  readonly signal?: AbortSignal | undefined;
  onState?(state: Exclude<ConnectionState, 'open'>): void;
}

/**
 * Reads connection after connection until one comes to an orderly end. `readOnce` opens one and yields what is new.
 * Throws what is not worth another try, the last failure once the policy gives up, or the signal's reason.
 */
export async function* reconnecting<T>(
  readOnce: () => AsyncIterable<T>,
  { reconnect, signal, onState }: ReconnectingOptions,
): AsyncGenerator<T, void, undefined> {
  let attempt = 0;
  try {
    onState?.('connecting');
    while (true) {
      try {
        for await (const item of readOnce()) {
          attempt = 0;
          yield item;
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof KinoglyphError && error.isRetryable)) throw error;
        const delayMs = reconnect.nextDelayMs(attempt);
        if (delayMs === undefined) throw error;
        attempt += 1;
        onState?.('reconnecting');
        await delay(delayMs, signal);
      }
    }
  } finally {
    onState?.('closed');
  }
}

/** Waits; rejects with the signal's reason when it is aborted. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
