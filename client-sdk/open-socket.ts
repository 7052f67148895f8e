import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { KinoglyphError } from './kinoglyph-error.ts';
import type { OpenSocket, WebSocketLike } from './web-socket-like.ts';

/** Longest problem document that is read, bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Opens a WebSocket of `ws`, which Node 20 lacks, and which alone can send an `Authorization` header and read why a
 * server refuses.
 */
export const openSocket: OpenSocket = (url, { token }) => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  socket.on('unexpected-response', (_request, response) => {
    readBody(response).then(
      (body) => refuse(socket, KinoglyphError.fromResponse(response.statusCode ?? 0, body)),
      (cause: unknown) => refuse(socket, KinoglyphError.network('the answer was cut off', cause)),
    );
  });
  return socket as unknown as WebSocketLike;
};

function refuse(socket: WebSocket, error: KinoglyphError): void {
  socket.emit('error', error);
  socket.terminate();
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
