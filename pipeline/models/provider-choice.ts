import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError, reasonOf } from '../errors.ts';

export const PROVIDER_WISHES = ['auto', 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const;
/** `auto` takes cuda where it is there and faster, else cpu. */
export type ProviderWish = (typeof PROVIDER_WISHES)[number];

/** The execution provider in use, and why it and no other. */
export interface ProviderChoice {
  readonly name: string;
  readonly reason: string;
}

/** What choosing needs to know of the machine. */
export interface ProviderTrial {
  /** Whether the files of a provider that comes apart from onnxruntime are there. */
  isInstalled(name: string): boolean;
  /** Opens the graphs on a provider, warms them up and tells the milliseconds of an item; rejects where it cannot. */
  measure(name: string): Promise<number>;
}

/**
 * Chooses an execution provider. A provider slower than the CPU is passed over. Rejects with a `ConfigError` of code
 * `bad-config` where a provider that was asked for by name cannot be had.
 */
export async function chooseProvider(wish: ProviderWish, trial: ProviderTrial): Promise<ProviderChoice> {
  if (wish === 'cpu') return { name: 'cpu', reason: 'cpu was asked for' };
  const name = wish === 'auto' ? 'cuda' : wish;
  const refuse = (why: string, cause?: unknown): ProviderChoice => {
    if (wish === 'auto') return { name: 'cpu', reason: why };
    throw new ConfigError('bad-config', `provider must be one that this machine has, got ${wish}: ${why}`, {
      cause,
    });
  };
  if (!trial.isInstalled(name)) return refuse(`${name} is not installed`);
  let itemMs: number;
  try {
    itemMs = await trial.measure(name);
  } catch (cause) {
    return refuse(`${name} cannot be used: ${reasonOf(cause)}`, cause);
  }
  const cpuMs = await trial.measure('cpu');
  const figures = `${itemMs.toFixed(1)} ms an item on ${name}, ${cpuMs.toFixed(1)} ms on cpu`;
  return itemMs < cpuMs
    ? { name, reason: `${name} is faster: ${figures}` }
    : { name: 'cpu', reason: `${name} is passed over as slower: ${figures}` };
}

/** Asking onnxruntime for CUDA without its library prints an error that looks like a fault, so the file is looked for. */
export function isProviderInstalled(name: string): boolean {
  if (name !== 'cuda') return true;
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
  return ['libonnxruntime_providers_cuda.so', 'onnxruntime_providers_cuda.dll'].some((file) =>
    existsSync(join(folder, file)),
  );
}
