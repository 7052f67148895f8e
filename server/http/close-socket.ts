import type { WebSocket } from '@fastify/websocket';
import type { TokenizerError } from '../../pipeline/errors.ts';

/** A close frame carries at most 125 bytes, of which 2 are the code (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123;
/** How long a peer may take to answer a close. */
const CLOSE_GRACE_MS = 2000;
const NORMAL_CLOSE = 1000;

/** Closes a WebSocket with an error's code and as much of its text as fits; normally without one. */
export function closeSocket(socket: WebSocket, error?: Pick<TokenizerError, 'closeCode' | 'message'>): void {
  if (error) socket.close(error.closeCode, fitted(error.message));
  else socket.close(NORMAL_CLOSE);
  const timer = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
  socket.once('close', () => clearTimeout(timer));
}

/** The longest beginning that fits, without half a character. */
function fitted(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_REASON_BYTES) return text;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true });
}
