// Bundles the page at `/` into dist/server/studio.
import { cp, mkdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const SOURCE = new URL('../server/studio/', import.meta.url);
const COPIED = ['index.html', 'icon.svg'];

/** Writes the page, its one script and its one style sheet. */
export async function buildStudio(target = new URL('../dist/server/studio/', import.meta.url)) {
  await mkdir(target, { recursive: true });
  await build({
    entryPoints: {
      main: new URL('main.ts', SOURCE).pathname,
      studio: new URL('style/studio.css', SOURCE).pathname,
    },
    outdir: target.pathname,
    bundle: true,
    format: 'esm',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    minify: true,
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  });
  await Promise.all(COPIED.map((name) => cp(new URL(name, SOURCE), new URL(name, target))));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await buildStudio();
