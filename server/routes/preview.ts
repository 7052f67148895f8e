import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ERROR_CODES } from '../../client-sdk/protocol/error-codes.ts';
import { ProtocolError } from '../../pipeline/errors.ts';
import { closeSocket } from '../http/close-socket.ts';
import type { AppContext } from '../http/context.ts';
import { FrameGate } from '../http/frame-gate.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';

const BOUNDARY = 'kinoglyph-picture';
const PreviewQuerySchema = z.object({
  motion: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Put the motion field that led to each picture before its JPEG'),
});

const READ_ERRORS = ['invalid-stream-name', 'too-many', 'shutting-down'] as const;

/** `WS /v1/streams/{stream}/preview`: a 16-byte header and a JPEG in each binary message. */
export const previewByWebSocket = ({ registry, config }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams/{stream}/preview',
  summary: 'Watch the reconstruction over a WebSocket',
  action: 'read',
  query: PreviewQuerySchema,
  responses: {},
  errors: ['bad-request', ...READ_ERRORS],
  webSocket: {
    description:
      'Binary messages: 16 bytes (version u8 = 1, flags u8, motion columns u8 and rows u8, width u16, height u16, pts u64 µs; little-endian), by flag 1 the motion field (i8 pairs, rows x columns, 1/1024 of width and height), then a JPEG. A slow reader misses pictures.',
    open: (socket, request) => {
      let stop = (): void => undefined;
      socket.on('close', () => stop());
      const withMotion = PreviewQuerySchema.parse(request.query).motion === 'true';
      const { preview } = registry.watchable(streamOf(request));
      const end = (closeCode: number, message: string): void => closeSocket(socket, { closeCode, message });
      const gate = new FrameGate(config.subscriberStallMs, () =>
        end(ERROR_CODES['slow-subscriber'].close, ERROR_CODES['slow-subscriber'].title),
      );
      stop = preview.watch({
        openedMs: Date.now(),
        show: (shot) =>
          gate.offer((onFlushed) => socket.send(shot.frame({ withMotion }), { binary: true }, onFlushed)),
        end: (code, detail) => end(ERROR_CODES[code].close, detail),
      });
    },
  },
});

/** `GET /v1/streams/{stream}/preview.mjpeg`: for an `<img>` tag. */
export const previewAsMjpeg = ({ registry, config }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams/{stream}/preview.mjpeg',
  summary: 'Watch the reconstruction as motion JPEG',
  action: 'read',
  responses: {
    200: { description: 'JPEG after JPEG', content: { 'multipart/x-mixed-replace': undefined } },
  },
  errors: READ_ERRORS,
  handle: (request, reply) => {
    const { preview } = registry.watchable(streamOf(request));
    const { raw } = openMjpeg(reply);
    const gate = new FrameGate(config.subscriberStallMs, () => raw.destroy());
    const stop = preview.watch({
      openedMs: Date.now(),
      show: ({ jpeg }) => gate.offer((onFlushed) => raw.write(partOf(jpeg), onFlushed)),
      end: () => raw.end(),
    });
    raw.on('close', stop);
    return reply;
  },
});

/** `GET /v1/streams/{stream}/preview.jpg`: the newest picture. */
export const previewSnapshot = ({ registry, config }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams/{stream}/preview.jpg',
  summary: 'The newest picture of the reconstruction',
  action: 'read',
  responses: { 200: { description: 'A JPEG', content: { 'image/jpeg': undefined } } },
  errors: ['invalid-stream-name', 'unknown-stream', 'not-found'],
  handle: async (request, reply) => {
    const stream = registry.get(streamOf(request));
    const shot = await stream.preview.snapshot(config.snapshotWaitMs);
    if (!shot) throw new ProtocolError('not-found', `${stream.name} has no picture yet`);
    return reply
      .header('content-type', 'image/jpeg')
      .header('cache-control', 'no-store')
      .send(Buffer.from(shot.jpeg));
  },
});

function openMjpeg(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': `multipart/x-mixed-replace; boundary=${BOUNDARY}`,
    'cache-control': 'no-store',
  });
  reply.raw.flushHeaders();
  return reply;
}

const partOf = (jpeg: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\ncontent-type: image/jpeg\r\ncontent-length: ${jpeg.length}\r\n\r\n`),
    jpeg,
    Buffer.from('\r\n'),
  ]);
