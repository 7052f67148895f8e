/** The real browser, with its fake camera, in which Studio is tested. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchChromium } from '../support/chromium.ts';

const SCREENSHOTS = join(tmpdir(), 'kinoglyph-studio');

/** Builds the page. */
export function buildPage(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-studio.mjs'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Studio could not be built: ${stderr}`);
  mkdirSync(SCREENSHOTS, { recursive: true });
}

/** Builds the page and starts a browser with an empty profile. */
export async function openBrowser(): Promise<Browser> {
  buildPage();
  return await launchChromium();
}

/** A tab with Studio in it. */
export interface StudioPage extends AsyncDisposable {
  readonly page: Page;
  /** What the console and the security policy complained of. */
  readonly complaints: readonly string[];
  /** Waits until an element's text fits. */
  expectText(selector: string, pattern: RegExp): Promise<void>;
  /** Writes a picture of the whole page to the folder for temporary files. */
  screenshot(name: string): Promise<void>;
}

/** Opens Studio in a new tab, after a script where one is given, and waits until it has seen a ready server. */
export async function openStudio(
  browser: Browser,
  url: string,
  options: { widthPx?: number; heightPx?: number; stream?: string; script?: string } = {},
): Promise<StudioPage> {
  const { widthPx = 1280, heightPx = 800, stream, script } = options;
  const page = await browser.newPage({ viewport: { width: widthPx, height: heightPx } });
  if (script !== undefined) await page.addInitScript(script);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(stream === undefined ? url : `${url}/#${stream}`);
  await page.waitForSelector('.server[data-health="ready"]');
  return {
    page,
    complaints,
    expectText: (selector, pattern) =>
      expect.poll(() => page.textContent(selector), { timeout: 60_000 }).toMatch(pattern),
    screenshot: async (name) => {
      await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
    },
    [Symbol.asyncDispose]: () => page.close(),
  };
}

/** A canvas in numbers: how many colours and opaque pixels it has. */
export interface CanvasFacts {
  readonly colours: number;
  readonly opaque: number;
}

/** Reads the pixels of a canvas. */
export const canvasFacts = (page: Page, selector: string): Promise<CanvasFacts> =>
  page.$eval(selector, (found) => {
    const canvas = document.createElement('canvas');
    const source = found as HTMLCanvasElement;
    canvas.width = Math.max(1, source.width);
    canvas.height = Math.max(1, source.height);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null || source.width === 0) return { colours: 0, opaque: 0 };
    context.drawImage(source, 0, 0);
    const words = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    let opaque = 0;
    for (const word of words) if (word >>> 24 > 0) opaque++;
    return { colours: new Set(words).size, opaque };
  });

/** Watches a canvas whenever the page is painted, from now on; what it returns tells how many different pictures it has shown. */
export async function watchPictures(page: Page, selector: string): Promise<() => Promise<number>> {
  const shown = await page.evaluateHandle((selector) => {
    const SIDE_PX = 32;
    const context = new OffscreenCanvas(SIDE_PX, SIDE_PX).getContext('2d', { willReadFrequently: true })!;
    const shown = new Set<string>();
    const look = (): void => {
      requestAnimationFrame(look);
      const source = document.querySelector<HTMLCanvasElement>(selector);
      if (!source || source.width === 0) return;
      context.clearRect(0, 0, SIDE_PX, SIDE_PX);
      context.drawImage(source, 0, 0, SIDE_PX, SIDE_PX);
      const { data } = context.getImageData(0, 0, SIDE_PX, SIDE_PX);
      if (data.some((value) => value > 0)) shown.add(data.join());
    };
    look();
    return shown;
  }, selector);
  return () => shown.evaluate(({ size }) => size);
}
