import { InferenceSession } from 'onnxruntime-node';
import { reasonOf } from '../errors.ts';
import { badPack } from './bad-pack.ts';
import { checkGraph, contractOf } from './graph-contract.ts';
import type { GraphRole, PackManifest } from './pack-manifest.ts';

/** What a session runs on. */
export interface SessionOptions {
  /** Execution provider of onnxruntime. */
  readonly provider: string;
  /** Threads inside one operator. */
  readonly threads: number;
}

/** The part of a pack that sessions need; plain data. */
export interface PackGraphs {
  readonly manifest: PackManifest;
  /** Absolute paths. */
  readonly graphs: Readonly<Record<GraphRole, string>>;
}

/**
 * Opens a graph of a pack and checks it against the manifest. Opening and every run block the calling thread, so
 * sessions live in worker threads or in a program that does nothing beside. The caller owns and releases the session.
 */
export async function openSession(
  { manifest, graphs }: PackGraphs,
  role: GraphRole,
  { provider, threads }: SessionOptions,
): Promise<InferenceSession> {
  const path = graphs[role];
  const session = await createSession(path, { provider, threads });
  try {
    checkGraph(session, contractOf(manifest, role), path);
  } catch (error) {
    await session.release();
    throw error;
  }
  return session;
}

async function createSession(path: string, { provider, threads }: SessionOptions): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
      // Threads that spin between two runs would take the cores that decoding needs.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    throw badPack(`${path} must open with onnxruntime on ${provider}: ${reasonOf(cause)}`, cause);
  }
}
