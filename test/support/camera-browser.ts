/** The real browser with a fake camera that plays a real clip, and a foreign WHIP client in it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { mediaFixture } from './tokenize-bytes.ts';

/** A second of motion JPEG takes megabytes. */
const LONGEST_SECONDS = 12;
const FOLDER = join(tmpdir(), 'kinoglyph-camera');

/** What a fake camera plays, over and over. */
export interface CameraClip {
  /** A fixture, or the path of a file. */
  readonly media: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly framesPerSecond: number;
}

/** Starts a browser with an empty profile whose camera plays a clip. */
export async function openCameraBrowser(clip: CameraClip): Promise<Browser> {
  return await launchChromium([`--use-file-for-fake-video-capture=${cameraFile(clip)}`]);
}

/** The clip as the fake camera reads it (motion JPEG), made once. */
function cameraFile({ media, widthPx, heightPx, framesPerSecond }: CameraClip): string {
  mkdirSync(FOLDER, { recursive: true });
  const isFixture = basename(media) === media;
  const file = join(FOLDER, `${basename(media)}-${widthPx}x${heightPx}-${framesPerSecond}.mjpeg`);
  if (isFixture && existsSync(file)) return file;
  const filter = `scale=${widthPx}:${heightPx},fps=${framesPerSecond}`;
  const input = ['-i', isFixture ? mediaFixture(media) : media, '-an', '-t', String(LONGEST_SECONDS)];
  const args = ['-y', '-v', 'error', ...input, '-vf', filter, '-q:v', '4', file];
  const { status, stderr } = spawnSync('ffmpeg', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the camera's clip could not be made: ${stderr}`);
  return file;
}

const clientSource = (name: string): string => {
  const folder = createRequire(import.meta.url).resolve('whip-whep/package.json');
  return readFileSync(join(folder, '..', name), 'utf8');
};

export interface WhipTabOptions {
  /** The server's page to stand on, so that calls are of the same origin. */
  readonly url: string;
  readonly stream: string;
  /** MIME type of the only video codec to offer, such as `video/VP8`; the browser's own order if absent. */
  readonly codec?: string | undefined;
  /** Rewrites the answer before the browser gets it: pairs of a text and what takes its place. */
  readonly rewrite?: readonly (readonly [string, string])[] | undefined;
  readonly query?: string | undefined;
  readonly token?: string | undefined;
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
}

/** A tab that publishes its camera with the client of `whip-whep`, unchanged. */
export interface WhipTab extends AsyncDisposable {
  readonly page: Page;
  /** Milliseconds from the call of `publish` to the answer in force. */
  readonly publishedMs: number;
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Evaluates on the page's `RTCPeerConnection` what `getStats` says of its outgoing video. */
  outbound(): Promise<Record<string, number | string>>;
}

/** Opens a tab and publishes its camera by WHIP. */
export async function openWhipTab(browser: Browser, options: WhipTabOptions): Promise<WhipTab> {
  const page = await browser.newPage();
  await page.goto(`${options.url}/healthz`);
  await page.addScriptTag({
    type: 'module',
    content: `${clientSource('whip.js')}\nglobalThis.WHIPClient = WHIPClient;`,
  });
  await page.waitForFunction('globalThis.WHIPClient !== undefined');
  const publishedMs = await page.evaluate(publishCamera, options);
  return {
    page,
    publishedMs,
    stop: () => page.evaluate('whip.stop()'),
    restart: () => page.evaluate('whip.restart()'),
    outbound: () => page.evaluate(outboundVideo),
    [Symbol.asyncDispose]: () => page.close(),
  };
}

/** Runs in the page. */
async function publishCamera(options: WhipTabOptions): Promise<number> {
  const { stream, codec, rewrite = [], query = '', token, widthPx = 640, heightPx = 360 } = options;
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: widthPx, height: heightPx } });
  const connection = new RTCPeerConnection();
  const [track] = media.getVideoTracks();
  const transceiver = connection.addTransceiver(track!, { direction: 'sendonly', streams: [media] });
  if (codec !== undefined) {
    const codecs = RTCRtpSender.getCapabilities('video')!.codecs;
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => [codec, 'video/rtx'].includes(mimeType)));
  }
  interface WhipClient {
    onAnswer(answer: string): string;
    publish(connection: RTCPeerConnection, url: string, token?: string): Promise<void>;
  }
  const page = globalThis as unknown as { WHIPClient: new () => WhipClient; whip: WhipClient };
  page.whip = new page.WHIPClient();
  page.whip.onAnswer = (answer) => rewrite.reduce((text, [from, to]) => text.replaceAll(from, to), answer);
  const begunMs = performance.now();
  await page.whip.publish(connection, `${location.origin}/v1/streams/${stream}/whip${query}`, token);
  return performance.now() - begunMs;
}

/** Runs in the page. */
async function outboundVideo(): Promise<Record<string, number | string>> {
  const { whip } = globalThis as unknown as { whip: { pc: RTCPeerConnection } };
  const found: Record<string, number | string> = { state: whip.pc.connectionState };
  for (const report of (await whip.pc.getStats()).values())
    if (report.type === 'outbound-rtp' || report.type === 'remote-inbound-rtp') Object.assign(found, report);
  return found;
}
