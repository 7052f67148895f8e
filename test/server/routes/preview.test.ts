import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodePreviewFrame } from '../../../client-sdk/protocol/preview-frame.ts';
import type { PreviewUnit } from '../../../pipeline/preview/preview.ts';
import { SocketReader } from '../../support/socket-reader.ts';
import { openTestEngine, publishCity, startTestServer, type TestEngine } from '../../support/test-server.ts';

const JPEG_START = [0xff, 0xd8, 0xff];

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

it('comes over a WebSocket as pictures in media order, with their size', async () => {
  await using server = await startTestServer(engine);
  const viewer = await new SocketReader(`${server.wsUrl}/v1/streams/cam/preview`).open();
  await expect.poll(() => server.app.registry.viewers).toBe(1);
  await publishCity(server);
  await viewer.until(({ frames }) => frames.length >= 3);
  const pictures = viewer.frames.map((frame) => decodePreviewFrame(frame as Buffer));
  for (const { width, height, jpeg } of pictures) {
    expect([...jpeg.subarray(0, 3)]).toEqual(JPEG_START);
    expect(width / height).toBeCloseTo(16 / 9, 1);
  }
  const times = pictures.map(({ pts }) => pts);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(new Set(times).size).toBe(times.length);
});

it('comes as a multipart stream for an image tag', async () => {
  await using server = await startTestServer(engine);
  const response = await fetch(`${server.url}/v1/streams/cam/preview.mjpeg`);
  expect(response.headers.get('content-type')).toBe('multipart/x-mixed-replace; boundary=kinoglyph-picture');
  await publishCity(server);
  const reader = response.body!.getReader();
  let bytes = Buffer.alloc(0);
  while (bytes.indexOf('\r\n--kinoglyph-picture') < 0) {
    bytes = Buffer.concat([bytes, (await reader.read()).value!]);
  }
  const head = /^--kinoglyph-picture\r\ncontent-type: image\/jpeg\r\ncontent-length: (\d+)\r\n\r\n/.exec(
    bytes.toString('latin1'),
  )!;
  const jpeg = bytes.subarray(head[0].length, head[0].length + Number(head[1]));
  expect([...jpeg.subarray(0, 3)]).toEqual(JPEG_START);
  expect([...jpeg.subarray(-2)]).toEqual([0xff, 0xd9]);
  await reader.cancel();
});

it('shows a stream that has ended, made from its journal', async () => {
  await using server = await startTestServer(engine);
  await publishCity(server);
  const response = await fetch(`${server.url}/v1/streams/cam/preview.jpg`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  expect([...new Uint8Array(await response.arrayBuffer()).subarray(0, 3)]).toEqual(JPEG_START);
});

it('is made only while somebody looks, and a while after', async () => {
  await using server = await startTestServer(engine, { previewLingerMs: 20 });
  await publishCity(server);
  const { preview } = server.app.registry.get('cam');
  expect(preview.isOpen).toBe(false);
  const viewer = await new SocketReader(`${server.wsUrl}/v1/streams/cam/preview`).open();
  await viewer.until(({ frames }) => frames.length >= 1);
  expect(preview.isOpen).toBe(true);
  viewer.socket.close();
  await expect.poll(() => preview.isOpen).toBe(false);
});

it('is made for every stream where that is configured, and never where it is off', async () => {
  await using always = await startTestServer(engine, { preview: 'always' });
  await publishCity(always);
  expect(always.app.registry.get('cam').preview.isOpen).toBe(true);
  await using off = await startTestServer(engine, { preview: 'off', snapshotWaitMs: 50 });
  await publishCity(off);
  const response = await fetch(`${off.url}/v1/streams/cam/preview.jpg`);
  expect([response.status, await response.json()]).toMatchObject([404, { code: 'not-found' }]);
});

it('has no picture of a stream that nobody knows', async () => {
  await using server = await startTestServer(engine);
  const response = await fetch(`${server.url}/v1/streams/cam/preview.jpg`);
  expect(await response.json()).toMatchObject({ code: 'unknown-stream' });
});

it('is coded as video once for all who watch, beside JPEGs or without, and no longer than they do', async () => {
  await using server = await startTestServer(engine);
  const { preview } = server.app.registry.watchable('cam');
  const viewers = Array.from({ length: 3 }, () => {
    const units: PreviewUnit[] = [];
    const viewer = { openedMs: 0, show: (unit: PreviewUnit) => units.push(unit), end: () => undefined };
    return { units, seat: preview.watchVideo('h264', viewer) };
  });
  expect(server.app.registry.viewers).toBe(3);
  await publishCity(server);
  await expect.poll(() => viewers[0]!.units.length).toBeGreaterThanOrEqual(3);
  for (const { units } of viewers) expect(units).toEqual(viewers[0]!.units);
  expect(viewers[0]!.units[0]).toMatchObject({ isKeyframe: true, timestampUs: 0 });
  expect(preview.videos.h264).toMatchObject({
    viewers: 3,
    isRunning: true,
    units: viewers[0]!.units.length,
    keyframeRequests: 3,
  });
  const response = await fetch(`${server.url}/v1/streams/cam/preview.jpg`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  viewers[1]!.seat.leave();
  expect(preview.videos.h264).toMatchObject({ viewers: 2, isRunning: true });
  for (const { seat } of viewers) seat.leave();
  expect(preview.videos.h264).toMatchObject({ viewers: 0, isRunning: false });
  expect(preview.isOpen).toBe(true);
});
