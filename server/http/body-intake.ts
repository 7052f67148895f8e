import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests whose sender waits for leave to send its body (RFC 9110, 10.1.1). */
const expecting = new WeakSet<IncomingMessage>();

/** Notes that a request came with `Expect: 100-continue`. */
export function noteExpectation(request: IncomingMessage): void {
  expecting.add(request);
}

/** Gives leave to send the body where it was asked for; called when everything that could refuse it has not. */
export function grantBody(request: IncomingMessage, response: ServerResponse): void {
  if (expecting.delete(request)) response.writeContinue();
}

/**
 * Goes on reading a refused body for a while, so that the answer arrives: closing at once would reset the connection under
 * a sender that is still writing. The connection stays usable where the body ends within the limits.
 */
export function discardBody(
  request: IncomingMessage,
  limits: { discardMs: number; discardBytes: number },
): void {
  if (request.complete || request.destroyed) return;
  let leftBytes = limits.discardBytes;
  const close = (): void => {
    stop();
    request.socket.destroySoon();
  };
  const count = (chunk: Buffer): void => {
    leftBytes -= chunk.length;
    if (leftBytes < 0) close();
  };
  const stop = (): void => {
    clearTimeout(timer);
    request.off('data', count).off('end', stop).off('close', stop);
  };
  const timer = setTimeout(close, limits.discardMs);
  request.on('data', count).on('end', stop).on('close', stop);
  request.resume();
}
