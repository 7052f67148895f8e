import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ProtocolError } from '../../pipeline/errors.ts';
import type { RouteSpec } from '../http/route-spec.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
};

const ParametersSchema = z.object({ '*': z.string() });

/** The files of the built page by their path under its folder; empty where it has not been built. */
export type StudioFiles = ReadonlyMap<string, { readonly bytes: Buffer; readonly contentType: string }>;

/** Where the build leaves the page: beside the compiled server, or seen from the sources, beside which only the page's own sources lie. */
const STUDIO_FOLDERS = ['../studio/', '../../dist/server/studio/'];

/** Reads the page into memory, so that a request names an entry and never a path. */
export async function loadStudio(): Promise<StudioFiles> {
  for (const folder of STUDIO_FOLDERS) {
    const files = await readStudio(fileURLToPath(new URL(folder, import.meta.url)));
    if (files.has('main.js')) return files;
  }
  return new Map();
}

/** `GET /`: leads to Studio, whose files lie beside one another under `/studio/`. */
export const studioPage = (): RouteSpec => ({
  method: 'GET',
  path: '/',
  summary: 'Studio',
  responses: { 302: { description: 'The page is at /studio/' } },
  errors: [],
  handle: (request, reply) => {
    const [, query] = request.url.split('?');
    return reply.redirect(query === undefined ? '/studio/' : `/studio/?${query}`);
  },
});

/** `GET /studio/{path}`: what the page consists of. */
export const studioFile = (files: StudioFiles): RouteSpec => ({
  method: 'GET',
  path: '/studio/{path}',
  summary: 'Studio and the files it consists of',
  responses: { 200: { description: 'The file', content: { '*/*': undefined } } },
  errors: ['not-found'],
  handle: (request, reply) => {
    const name = ParametersSchema.parse(request.params)['*'] || 'index.html';
    const bytes = bytesOf(files, name);
    return reply
      .headers(HEADERS)
      .type(files.get(name)?.contentType ?? 'application/octet-stream')
      .send(bytes);
  },
});

function bytesOf(files: StudioFiles, name: string): Buffer {
  const file = files.get(name);
  if (file) return file.bytes;
  throw new ProtocolError(
    'not-found',
    files.size > 0 ? `Studio has no file ${name}` : 'Studio has not been built',
  );
}

/** Reads a folder of files, with their types, by path under it; empty where there is none. */
export async function readStudio(folder: string): Promise<StudioFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, { bytes: Buffer; contentType: string }>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const contentType = CONTENT_TYPES[extname(path)];
    if (contentType)
      files.set(relative(folder, path).split(sep).join('/'), { bytes: await readFile(path), contentType });
  }
  return files;
}
