/** A tab of the real browser with the SDK's browser bundle in it. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type * as sdk from '../../client-sdk/index.ts';

/** What a script of such a tab finds in `globalThis`. */
export interface SdkTabGlobals {
  readonly kinoglyph: typeof sdk;
  /** A stream of the server that the tab stands on. */
  readonly stream: sdk.Stream;
  /** What the tab was told, in order. */
  readonly states: string[];
}

/** Opens a tab on a server's own origin. */
export async function openSdkTab(browser: Browser, url: string, stream: string): Promise<Page> {
  const { outputFiles } = await build({
    stdin: {
      contents: "import * as kinoglyph from './index.ts'; globalThis.kinoglyph = kinoglyph;",
      resolveDir: new URL('../../client-sdk', import.meta.url).pathname,
    },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  });
  const page = await browser.newPage();
  await page.goto(`${url}/healthz`);
  await page.addScriptTag({ content: outputFiles[0]!.text });
  await page.evaluate((name) => {
    const { kinoglyph } = globalThis as unknown as SdkTabGlobals;
    Object.assign(globalThis, { stream: kinoglyph.connect(location.origin).stream(name), states: [] });
  }, stream);
  return page;
}
