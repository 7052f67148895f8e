import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Features that onnxruntime picks other kernels for, which may change last bits. */
const FEATURES = [
  'avx',
  'avx2',
  'fma',
  'avx512f',
  'avx512_vnni',
  'avx_vnni',
  'amx_int8',
  'asimddp',
  'i8mm',
  'sve',
];

/** Processor model, architecture and, where the operating system tells them, the features that choose kernels. */
export function describeProcessor(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  return [model, process.arch, ...featuresOf(readCpuInfo())].join(' ');
}

/** The features named in the text of Linux' `/proc/cpuinfo`, in a fixed order. */
export function featuresOf(cpuInfo: string): string[] {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1]?.trim().split(/\s+/));
  return FEATURES.filter((feature) => flags.has(feature));
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    // Only Linux has the file; elsewhere the model has to do.
    return '';
  }
}
