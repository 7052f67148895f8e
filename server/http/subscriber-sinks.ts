import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply } from 'fastify';
import { ERROR_CODES, type ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { encodeMessage } from '../sessions/journal-entry.ts';
import type { SubscriberSink } from '../sessions/subscription.ts';
import { closeSocket } from './close-socket.ts';

const HEARTBEAT = { ndjson: '\n', sse: ':\n\n' } as const;
const CONTENT_TYPE = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  sse: 'text/event-stream; charset=utf-8',
} as const;

/** Who hears of the bytes that have left a sink. */
export interface SinkListener {
  noteProgress(): void;
}

/** A subscriber on a WebSocket. Its heartbeat is a ping, and one that stays unanswered until the next ends it. */
export function webSocketSink(socket: WebSocket, listener: SinkListener): SubscriberSink {
  let isPongAwaited = false;
  socket.on('pong', () => {
    isPongAwaited = false;
  });
  const onFlushed = (): void => listener.noteProgress();
  return {
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send: ({ bytes, isBinary }) => socket.send(bytes, { binary: isBinary }, onFlushed),
    heartbeat: () => {
      if (isPongAwaited) return socket.terminate();
      isPongAwaited = true;
      socket.ping();
    },
    close: (code, detail) =>
      closeSocket(socket, code && { closeCode: ERROR_CODES[code].close, message: detail ?? code }),
  };
}

/** A subscriber over plain HTTP. The head is sent with the first byte, so that a refusal can still be answered. */
export function httpSink(
  reply: FastifyReply,
  framing: 'ndjson' | 'sse',
  listener: SinkListener,
): SubscriberSink & { open(): void } {
  const { raw } = reply;
  const onFlushed = (): void => listener.noteProgress();
  const open = (): void => {
    if (raw.headersSent) return;
    reply.hijack();
    const own = {
      'content-type': CONTENT_TYPE[framing],
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    };
    raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...own });
    raw.flushHeaders();
  };
  const write = (bytes: Buffer | string): void => {
    open();
    raw.write(bytes, onFlushed);
  };
  return {
    open,
    get bufferedBytes() {
      return raw.writableLength;
    },
    send: ({ bytes }) => write(bytes),
    heartbeat: () => write(HEARTBEAT[framing]),
    close: (code) => closeResponse(code),
  };

  function closeResponse(code: ErrorCode | undefined): void {
    // What is queued would never leave.
    if (code === 'slow-subscriber') return void raw.destroy();
    if (code) write(encodeMessage({ type: 'goaway', inMs: 0 }, framing).bytes);
    raw.end();
  }
}
