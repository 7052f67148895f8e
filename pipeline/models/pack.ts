import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { reasonOf } from '../errors.ts';
import { badPack } from './bad-pack.ts';
import { hasExternalData } from './external-data.ts';
import {
  GRAPH_ROLES,
  type GraphRole,
  graphsOf,
  type PackManifest,
  PackManifestSchema,
} from './pack-manifest.ts';

/** Name of the manifest inside a pack's folder. */
export const MANIFEST_FILE = 'pack.json';

/** A pack whose manifest and files have been checked. Plain data, so that it can be sent to a worker, but for `file`. */
export interface LoadedPack {
  readonly manifest: PackManifest;
  /** Absolute path. */
  readonly folder: string;
  /** Of the bytes of `pack.json`, which carries the hashes of the graphs: names everything that the ids depend on. */
  readonly sha256: string;
  /** Absolute paths of the graphs. */
  readonly graphs: Readonly<Record<GraphRole, string>>;
  /** Absolute path of a file that the manifest names, or of the manifest itself; undefined for any other name. */
  file(name: string): string | undefined;
}

/** Reads a pack and checks the manifest and the hash of every graph. Rejects with a `ConfigError` of code `bad-pack`. */
export async function loadPack(folder: string): Promise<LoadedPack> {
  const root = resolve(folder);
  const bytes = await readOwnFile(root, MANIFEST_FILE);
  const manifest = parseManifest(bytes, root);
  const files = new Map([[MANIFEST_FILE, join(root, MANIFEST_FILE)]]);
  for (const graph of Object.values(graphsOf(manifest))) {
    if (files.has(graph.file)) throw badPack(`each graph must be a file of its own, got ${graph.file} twice`);
    await checkGraphFile(root, graph.file, graph.sha256);
    files.set(graph.file, join(root, graph.file));
  }
  const graphs = graphsOf(manifest);
  return {
    manifest,
    folder: root,
    sha256: sha256Of(bytes),
    graphs: Object.fromEntries(GRAPH_ROLES.map((role) => [role, join(root, graphs[role].file)])) as Record<
      GraphRole,
      string
    >,
    file: (name) => files.get(name),
  };
}

/** The packs in a folder of packs, by name of their folder, in order; those that break a rule with their error. */
export async function listPacks(
  modelsFolder: string,
): Promise<readonly ({ folder: string; pack: LoadedPack } | { folder: string; error: Error })[]> {
  const entries = await readdir(modelsFolder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const found = [];
  for (const name of folders.sort()) {
    const folder = join(modelsFolder, name);
    found.push(
      await loadPack(folder).then(
        (pack) => ({ folder, pack }),
        (error: Error) => ({ folder, error }),
      ),
    );
  }
  return found;
}

function parseManifest(bytes: Uint8Array, folder: string): PackManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badPack(`${MANIFEST_FILE} of ${folder} must be JSON: ${reasonOf(cause)}`, cause);
  }
  const result = PackManifestSchema.safeParse(json);
  if (!result.success)
    throw badPack(`${MANIFEST_FILE} of ${folder}:\n${z.prettifyError(result.error)}`, result.error);
  return result.data;
}

async function checkGraphFile(folder: string, name: string, expected: string): Promise<void> {
  const bytes = await readOwnFile(folder, name);
  const got = sha256Of(bytes);
  if (got !== expected)
    throw badPack(`sha256 of ${name} must be ${expected} as the manifest says, got ${got}`);
  let isExternal: boolean;
  try {
    isExternal = hasExternalData(bytes);
  } catch (cause) {
    throw badPack(`${name} must be an ONNX model: ${reasonOf(cause)}`, cause);
  }
  if (isExternal) throw badPack(`${name} must hold all of its numbers, got a tensor with external data`);
}

/** A link could lead out of the folder, so only regular files are read. */
async function readOwnFile(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name);
  try {
    const stat = await lstat(path);
    if (stat.isFile()) return await readFile(path);
  } catch (cause) {
    throw badPack(`${name} must be a readable file in ${folder}: ${reasonOf(cause)}`, cause);
  }
  throw badPack(`${name} must be a regular file in ${folder}, got a link, folder or device`);
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
