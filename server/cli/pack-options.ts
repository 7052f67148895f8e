import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { loadConfig } from '../config.ts';
import { projectFile } from '../project-files.ts';
import { parsePositive } from './number-option.ts';

/** The flags that name a pack. */
export interface PackFlags {
  readonly pack?: string;
  readonly models?: string;
  readonly provider?: string;
}

/** Adds the flags that name a pack and where it runs. */
export const packOptions = (command: Command): Command =>
  command
    .option('--pack <name>', 'pack to use, a folder of --models; kino-mini if absent')
    .option('--models <folder>', 'folder of packs; those shipped if absent')
    .option('--provider <name>', 'execution provider: auto, cpu, cuda or webgpu');

/** The flag that says how many ids a keyframe has, where the pack has a choice. */
export const keyframeTokensOption = (): Option =>
  new Option(
    '--keyframe-tokens <count>',
    "ids of a keyframe: at most, for a pack with a ladder of grids; in the mean, for one of dynamic length; the pack's default if absent",
  ).argParser(parsePositive);

/** Folder of the pack that flags, environment or default name. */
export function packFolder({ pack, models }: PackFlags): string {
  const config = loadConfig({ flags: { pack, models } });
  return join(config.models ?? projectFile('models'), config.pack);
}
