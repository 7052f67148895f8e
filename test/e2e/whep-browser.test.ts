import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../server/config.ts';
import { createLog } from '../../server/log.ts';
import { type OwnedEngine, openEngine } from '../../server/start.ts';
import { CHROMIUM, launchChromium } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { MEDIA, startTestServer } from '../support/test-server.ts';

const CLIENT = readFileSync(
  join(createRequire(import.meta.url).resolve('whip-whep/package.json'), '../whep.js'),
  'utf8',
);

/** Publishes the city at its own pace, a few times over. */
function publishCity(url: string, loops: number): ChildProcess {
  const input = ['-re', '-stream_loop', `${loops - 1}`, '-i', join(MEDIA, 'city-h264-p.ts')];
  const output = ['-c', 'copy', '-f', 'mpegts', '-method', 'PUT', `${url}/v1/streams/cam`];
  return spawn('ffmpeg', ['-v', 'error', ...input, ...output], { stdio: 'ignore' });
}

/** Opens a tab that views a stream with the reader of whip-whep, unchanged. */
async function openTab(
  browser: Browser,
  url: string,
  codec: string,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${url}/healthz`);
  await page.addScriptTag({ type: 'module', content: `${CLIENT}\nglobalThis.WHEPClient = WHEPClient;` });
  await page.waitForFunction('globalThis.WHEPClient !== undefined');
  await page.evaluate(async (mimeType) => {
    const connection = new RTCPeerConnection();
    const transceiver = connection.addTransceiver('video', { direction: 'recvonly' });
    const { codecs } = RTCRtpReceiver.getCapabilities('video')!;
    transceiver.setCodecPreferences(codecs.filter((each) => [mimeType, 'video/rtx'].includes(each.mimeType)));
    const messages: string[] = [];
    const channel = connection.createDataChannel('tokens', { protocol: 'from=earliest' });
    channel.onmessage = ({ data }) => messages.push(data as string);
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.srcObject = new MediaStream([transceiver.receiver.track]);
    document.body.append(video);
    interface Client {
      view(connection: RTCPeerConnection, url: string): Promise<void>;
    }
    const { WHEPClient } = globalThis as unknown as { WHEPClient: new () => Client };
    await new WHEPClient().view(connection, `${location.origin}/v1/streams/cam/whep`);
    Object.assign(globalThis, { connection, video, messages });
  }, codec);
  return { page, complaints };
}

/** What the browser says of the video that it receives. */
const inbound = (page: Page): Promise<Record<string, number>> =>
  page.evaluate(async () => {
    const { connection } = globalThis as unknown as { connection: RTCPeerConnection };
    const reports = [...(await connection.getStats()).values()];
    return { ...reports.find(({ type }) => type === 'inbound-rtp') };
  });

/** The playing picture, and the newest JPEG, each as the mean colours of 16 x 8 areas. */
const thumbnails = (page: Page): Promise<{ video: number[]; jpeg: number[] }> =>
  page.evaluate(async () => {
    const { video } = globalThis as unknown as { video: HTMLVideoElement };
    const [width, height] = [448, 256];
    const shrink = (source: CanvasImageSource): number[] => {
      const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d')!;
      context.drawImage(source, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const means = new Array<number>(16 * 8 * 3).fill(0);
      for (let row = 0; row < height; row += 1)
        for (let column = 0; column < width; column += 1)
          for (let channel = 0; channel < 3; channel += 1)
            means[((row >> 5) * 16 + Math.floor(column / 28)) * 3 + channel]! +=
              data[(row * width + column) * 4 + channel]! / (32 * 28);
      return means;
    };
    const response = await fetch('/v1/streams/cam/preview.jpg');
    return { video: shrink(video), jpeg: shrink(await createImageBitmap(await response.blob())) };
  });

const meanDifference = (one: number[], other: number[]): number =>
  one.reduce((sum, value, at) => sum + Math.abs(value - other[at]!), 0) / one.length;

const hasAll = hasProgram(CHROMIUM) && hasProgram('ffmpeg');

describe.skipIf(!hasAll)('Chromium with the WHEP reader of whip-whep', () => {
  let engine: OwnedEngine;
  let browser: Browser;
  beforeAll(async () => {
    const config = loadConfig({ env: {}, flags: { logLevel: 'silent' } });
    engine = await openEngine(config, createLog(config));
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  it.each(['h264', 'vp8'] as const)(
    'shows the reconstruction, moving, in %s, and gets the messages on a data channel',
    { timeout: 90_000 },
    async (codec) => {
      await using server = await startTestServer(engine);
      const { page, complaints } = await openTab(browser, server.url, `video/${codec.toUpperCase()}`);
      const publisher = publishCity(server.url, 3);
      const size = (): Promise<unknown> => page.evaluate('[video.videoWidth, video.videoHeight]');
      await expect.poll(size).toEqual([456, 256]);
      const seen = new Set<string>();
      const pictures = async (): Promise<number> => {
        seen.add((await thumbnails(page)).video.join());
        return seen.size;
      };
      await expect.poll(pictures).toBeGreaterThanOrEqual(5);
      await once(publisher, 'exit');
      const { framesDecoded = 0 } = await inbound(page);
      // The last picture is held, and goes on to be sent.
      await expect.poll(async () => (await inbound(page)).framesDecoded).toBeGreaterThan(framesDecoded + 1);
      const difference = async (): Promise<number> => {
        const { video, jpeg } = await thumbnails(page);
        return meanDifference(video, jpeg);
      };
      await expect.poll(difference).toBeLessThan(4);
      const { viewers, isRunning } = server.app.registry.get('cam').preview.videos[codec]!;
      expect({ viewers, isRunning }).toEqual({ viewers: 1, isRunning: true });
      expect(complaints).toEqual([]);
      const tokens = await fetch(`${server.url}/v1/streams/cam/tokens?from=earliest&until=end`);
      expect(await page.evaluate('messages')).toEqual((await tokens.text()).trim().split('\n'));
      await page.close();
      await expect.poll(() => server.app.registry.viewers).toBe(0);
    },
  );
});
