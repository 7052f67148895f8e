import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../../pipeline/errors.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import type { PackManifest } from '../../pipeline/models/pack-manifest.ts';

const inRepository = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Plain arithmetic with the names and shapes of a real pack; see test/fixtures/make-tiny-packs.py. */
export const TINY_PACK = inRepository('test/fixtures/pack-tiny');
/** The same, but items of a batch change each other's visual ids. */
export const COUPLED_PACK = inRepository('test/fixtures/pack-coupled');
/** As the tiny pack, but keyframes get as many ids as they need: see the budget in its manifest. */
export const DYNAMIC_PACK = inRepository('test/fixtures/pack-dynamic');
/** As the tiny pack, but keyframes may lie on any of three grids: see the ladder in its manifest. */
export const LADDER_PACK = inRepository('test/fixtures/pack-ladder');
/** Its grids, of 64, 108 and 256 ids. */
export const LADDER = [
  { columns: 8, rows: 8 },
  { columns: 12, rows: 9 },
  { columns: 16, rows: 16 },
] as const;
/** As the dynamic pack, but items of a batch change which of each other's cells get an id. */
export const COUPLED_DYNAMIC_PACK = inRepository('test/fixtures/pack-coupled-dynamic');
/** Plain arithmetic too; motion is coded in view of the chunk before. See test/fixtures/make-context-pack.py. */
export const CONTEXT_PACK = inRepository('test/fixtures/pack-context');
/** The pack that ships. */
export const DEFAULT_PACK = inRepository('models/kino-mini');

/** Why a pack cannot be loaded. */
export async function failureOf(folder: string): Promise<string> {
  const error: unknown = await loadPack(folder).catch((reason: unknown) => reason);
  if (error instanceof ConfigError && error.code === 'bad-pack') return error.message;
  throw new Error(`expected a bad pack in ${folder}, got ${error}`);
}

/** A manifest whose values may be changed to what no manifest may hold. */
type ManifestJson = { -readonly [Key in keyof PackManifest]: PackManifest[Key] } & Record<string, unknown>;

/** A copy of a pack of the fixtures that a test may spoil. */
export interface PackCopy extends AsyncDisposable {
  readonly folder: string;
  /** Rewrites the manifest, as JSON. */
  edit(change: (manifest: ManifestJson) => void): Promise<void>;
  /** Replaces a graph and its hash. */
  replaceGraph(file: string, bytes: Uint8Array): Promise<void>;
}

export const copyTinyPack = (): Promise<PackCopy> => copyPack(TINY_PACK);

export async function copyPack(original: string): Promise<PackCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'pack-'));
  await cp(original, folder, { recursive: true });
  const path = join(folder, 'pack.json');
  const edit: PackCopy['edit'] = async (change) => {
    const manifest: ManifestJson = JSON.parse(await readFile(path, 'utf8'));
    change(manifest);
    await writeFile(path, JSON.stringify(manifest));
  };
  return {
    folder,
    edit,
    replaceGraph: async (file, bytes) => {
      await writeFile(join(folder, file), bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await edit((manifest) => {
        const { visual, motion, detokenizers } = manifest;
        const { visualDecoder, motionDecoder } = detokenizers.warp;
        for (const graph of [visual.encoder, motion.encoder, visualDecoder, motionDecoder])
          if (graph.file === file) graph.sha256 = sha256;
      });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
