import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../pipeline/models/pack.ts';
import { openBrowser } from '../studio/browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { inPieces, tokenizeAll } from '../support/tokenize-bytes.ts';

const TIMEOUT_MS = 120_000;

/** Records a moving canvas for two seconds; gives the bytes as base64, or nothing where the type is not supported. */
const record = (page: Page, mimeType: string): Promise<string | undefined> =>
  page.evaluate(async (type) => {
    if (!MediaRecorder.isTypeSupported(type)) return undefined;
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 180;
    const context = canvas.getContext('2d')!;
    let at = 0;
    const timer = setInterval(() => {
      at += 3;
      for (let stripe = 0; stripe < 32; stripe++) {
        context.fillStyle = `hsl(${stripe * 40} 70% ${30 + ((stripe * 13) % 40)}%)`;
        context.fillRect(((stripe * 10 + at) % 340) - 20, 0, 10, 180);
      }
    }, 33);
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type });
    const parts: Blob[] = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.start(250);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    recorder.stop();
    await stopped;
    clearInterval(timer);
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  }, mimeType);

describe.skipIf(!hasProgram(CHROMIUM))(
  `what MediaRecorder of ${CHROMIUM} writes`,
  { timeout: TIMEOUT_MS },
  () => {
    let browser: Browser;
    let page: Page;
    let pack: LoadedPack;
    let encoder: OnnxTokenEncoder;

    beforeAll(async () => {
      pack = await loadPack(join(import.meta.dirname, '../fixtures/pack-tiny'));
      encoder = await createTokenEncoder(pack, { workers: 1 });
      browser = await openBrowser();
      page = await (await browser.newContext()).newPage();
    }, TIMEOUT_MS);
    afterAll(async () => {
      await browser?.close();
      await encoder?.close();
    });

    test.each([
      ['video/webm;codecs=vp8', 'vp8'],
      ['video/webm;codecs=vp9', 'vp9'],
      ['video/webm;codecs=h264', 'h264'],
      ['video/mp4;codecs=avc1.42E01F', 'h264'],
    ])('%s is tokenized', async (mimeType, codec) => {
      const recorded = await record(page, mimeType);
      expect(recorded, 'this Chromium records it').toBeDefined();
      const messages = await tokenizeAll(inPieces(Buffer.from(recorded!, 'base64'), 4096), { pack, encoder });
      expect(messages.find(({ type }) => type === 'start')).toMatchObject({ codec, width: 320, height: 180 });
      expect(messages.filter(({ type }) => type === 'gap')).toEqual([]);
      expect(messages.filter(({ type }) => type === 'visual').length).toBeGreaterThan(0);
      expect(messages.filter(({ type }) => type === 'motion').length).toBeGreaterThan(0);
    });
  },
);
