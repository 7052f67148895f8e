import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamInfo } from '../../client-sdk/protocol/stream-info.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import {
  MEDIA,
  openTestEngine,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../support/test-server.ts';
import { canvasFacts, openBrowser, openStudio, watchPictures } from './browser.ts';

const FILE = join(MEDIA, 'city-faststart.mp4');
const TIMEOUT_MS = 180_000;
const POLL = { timeout: 60_000 };

const infoOf = async ({ url }: TestServer, stream: string): Promise<StreamInfo> =>
  (await fetch(`${url}/v1/streams/${stream}`)).json();

describe.skipIf(!hasProgram(CHROMIUM))(`Studio in Chromium (${CHROMIUM})`, { timeout: TIMEOUT_MS }, () => {
  let engine: TestEngine;
  let browser: Browser;

  beforeAll(async () => {
    engine = await openTestEngine();
    browser = await openBrowser();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  test('loads without a complaint and says that nothing is playing', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url);
    await studio.expectText('#void', /Nothing is playing.*ffmpeg .*\/v1\/streams\/clip/s);
    await studio.expectText('#stream-list', /none is running/);
    await studio.screenshot('idle');
    expect(studio.complaints).toEqual([]);
  });

  test('a published file gives tokens, and a picture from them beside the original', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url);
    const { page } = studio;
    await page.click('#open-file');
    await page.setInputFiles('#file-input', FILE);
    await page.fill('#file-stream', 'from-file');
    // The file is over in three seconds, in which a busy machine may look once: the page watches itself.
    const pictures = await watchPictures(page, '#preview');
    await Promise.all([
      page.locator('#left-note', { hasText: 'the rebuilt picture' }).waitFor(POLL),
      page.click('#file-form button[type=submit]'),
    ]);
    await expect.poll(pictures, POLL).toBeGreaterThan(1);
    expect((await canvasFacts(page, '#preview')).colours).toBeGreaterThan(16);
    expect(await page.isVisible('#original-video')).toBe(true);
    await studio.expectText('#notice', /from-file is tokenized: \d+ pictures, 3\.\d s, \d+ keyframes/);
    await studio.expectText('#facts', /h264 320×180.*city-faststart\.mp4, 0\.1 MB, at its own rate/s);
    expect((await canvasFacts(page, '#tape')).colours).toBeGreaterThan(50);
    await studio.screenshot('file');
    expect(studio.complaints).toEqual([]);
  });

  test('without WebRTC the camera is sent as H.264 by WebCodecs, which is said with the reason', async () => {
    await using server = await startTestServer(engine, { maxPeers: 0 });
    await using studio = await openStudio(browser, server.url);
    const { page } = studio;
    await page.click('#open-camera');
    await page.fill('#camera-stream', 'from-camera');
    await page.click('#camera-form button[type=submit]');
    await studio.expectText('#facts', /H\.264 avc1\.42\w+ \d+×\d+ in MPEG-TS, WebCodecs/);
    await expect
      .poll(async () => (await infoOf(server, 'from-camera')).publisher?.messages.motion ?? 0, POLL)
      .toBeGreaterThan(2);
    const { media, publisher } = await infoOf(server, 'from-camera');
    expect(media).toMatchObject({ codec: 'h264', motionSource: 'bitstream' });
    expect(publisher?.decodeFaults).toBe(0);
    expect(publisher?.rtp).toBeUndefined();
    await studio.expectText(
      '#left-note',
      /over a WebSocket: WebRTC was not to be had \(.+\) · .*rebuilt picture/,
    );
    await studio.expectText('#right-note', /after it was taken · JPEG over a WebSocket: WebRTC was not/);
    expect((await canvasFacts(page, '#original-canvas')).colours).toBeGreaterThan(2);
    expect(await page.isVisible('#preview')).toBe(true);
    await page.click('#stop');
    await studio.expectText('#notice', /from-camera is tokenized/);
    expect(studio.complaints.filter((each) => !/503/.test(each))).toEqual([]);
  });

  test('somebody else’s stream shows its tokens, its picture and its motion', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url, { stream: 'hall' });
    const { page } = studio;
    await studio.expectText('#void', /Waiting for hall/);
    await page.check('input[name=overlay][value=arrows]', { force: true });
    await fetch(`${server.url}/v1/streams/hall`, {
      method: 'PUT',
      body: readFileSync(join(MEDIA, 'city-h264-p.ts')),
    });
    await studio.expectText('#left-name', /Tokens/);
    await expect.poll(async () => (await canvasFacts(page, '#glyphs')).colours, POLL).toBeGreaterThan(50);
    await expect.poll(async () => (await canvasFacts(page, '#motion')).opaque, POLL).toBeGreaterThan(20);
    await studio.expectText('#notice', /hall has ended\. The publisher has sent everything\./);
    expect(await page.isHidden('#left-choice')).toBe(true);
    expect(studio.complaints).toEqual([]);
  });

  test('the tape is read with the keyboard', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url, { stream: 'keys' });
    await studio.expectText('#void', /Waiting for keys/);
    await fetch(`${server.url}/v1/streams/keys`, {
      method: 'PUT',
      body: readFileSync(join(MEDIA, 'city-h264-p.ts')),
    });
    await studio.expectText('#notice', /has ended/);
    await studio.page.focus('#tape');
    await studio.page.keyboard.press('ArrowLeft');
    await studio.expectText('#tape-details', /end · finished/);
    await studio.page.keyboard.press('ArrowLeft');
    await studio.expectText('#tape-details', /motion chunk \d+ of clip \d+ · .* ids/);
    await studio.page.keyboard.press('Escape');
    await studio.expectText('#tape-details', /^$/);
  });

  test('a refused file is answered in the server’s words', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url);
    const { page } = studio;
    await page.click('#open-file');
    await page.setInputFiles('#file-input', {
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.alloc(4096, 'no video here '),
    });
    await page.click('#file-form button[type=submit]');
    await studio.expectText('#notice', /Publishing failed\. .*MPEG-TS.*got bytes/);
    expect(await page.getAttribute('#notice', 'data-tone')).toBe('problem');
    expect(await page.isHidden('#stop')).toBe(true);
  });

  test('a server that goes away is said to be gone, and the page goes on when it is back', async () => {
    const server = await startTestServer(engine, { shutdownGraceMs: 100 });
    await using studio = await openStudio(browser, server.url, { stream: 'back' });
    await studio.expectText('#void', /Waiting for back/);
    await server[Symbol.asyncDispose]();
    await studio.expectText('#notice', /connection was lost/);
    await studio.expectText('#server-state', /does not answer/);
    await using again = await startTestServer(engine, { port: server.port });
    await studio.expectText('#server-state', /ready/);
    await expect.poll(() => again.app.registry.subscribers, POLL).toBe(1);
  });

  test('nothing is wider than a phone', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url, {
      widthPx: 390,
      heightPx: 844,
      stream: 'phone',
    });
    const widths = () =>
      studio.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(await widths()).toEqual([390, 390]);
    await fetch(`${server.url}/v1/streams/phone`, {
      method: 'PUT',
      body: readFileSync(join(MEDIA, 'city-h264-p.ts')),
    });
    await studio.expectText('#notice', /has ended/);
    expect(await widths()).toEqual([390, 390]);
    await studio.screenshot('phone');
    await studio.page.click('#open-file');
    expect(await widths()).toEqual([390, 390]);
  });
});
