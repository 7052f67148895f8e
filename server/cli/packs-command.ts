import { Command } from 'commander';
import { ConfigError } from '../../pipeline/errors.ts';
import { gridsText, ladderOf, positionsIn } from '../../pipeline/models/grid-ladder.ts';
import { type LoadedPack, listPacks, loadPack } from '../../pipeline/models/pack.ts';
import type { PackManifest } from '../../pipeline/models/pack-manifest.ts';
import { tokenRangeOf } from '../../pipeline/models/token-budget.ts';
import { verifyPack } from '../../pipeline/models/verify-pack.ts';
import { loadConfig } from '../config.ts';
import { projectFile } from '../project-files.ts';

interface PacksFlags {
  readonly models?: string;
  readonly json?: true;
}

/** `kinoglyph packs`: what packs there are, and whether they keep their manifests' word. */
export const packsCommand = (): Command =>
  new Command('packs')
    .description('List and check packs.')
    .addCommand(withFlags(new Command('ls').description('List the packs of a folder.')).action(list))
    .addCommand(
      withFlags(
        new Command('verify')
          .description('Check a pack: manifest, hashes, and that its graphs take and give what it says.')
          .argument('[folders...]', 'folders of packs to check; all packs of --models if absent'),
      ).action(verify),
    );

const withFlags = (command: Command): Command =>
  command
    .option('--models <folder>', 'folder of packs; those shipped if absent')
    .option('--json', 'print JSON');

const modelsFolder = (flags: PacksFlags): string =>
  loadConfig({ flags: { models: flags.models } }).models ?? projectFile('models');

async function list(flags: PacksFlags): Promise<void> {
  const entries = await listPacks(modelsFolder(flags));
  const rows = entries.map((entry) =>
    'pack' in entry
      ? { folder: entry.folder, ...describe(entry.pack) }
      : { folder: entry.folder, error: entry.error.message },
  );
  if (flags.json) return print(JSON.stringify(rows));
  for (const entry of entries)
    print('pack' in entry ? lineOf(entry.pack) : `${entry.folder}: broken: ${entry.error.message}`);
}

async function verify(folders: readonly string[], flags: PacksFlags): Promise<void> {
  const chosen =
    folders.length > 0 ? folders : (await listPacks(modelsFolder(flags))).map((entry) => entry.folder);
  if (chosen.length === 0) throw new ConfigError('bad-config', 'there is no pack to verify');
  const results = [];
  for (const folder of chosen) {
    const fault = await checkPack(folder);
    results.push({ folder, ok: fault === undefined, ...(fault && { error: fault.message }) });
    if (!flags.json) print(fault ? `${folder}: ${fault.message}` : `${folder}: ok`);
  }
  if (flags.json) print(JSON.stringify(results));
  if (results.some((result) => !result.ok)) process.exitCode = 1;
}

async function checkPack(folder: string): Promise<Error | undefined> {
  try {
    await verifyPack(await loadPack(folder));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const describe = ({ manifest, sha256 }: LoadedPack) => ({
  name: manifest.name,
  version: manifest.version,
  licence: manifest.licence,
  description: manifest.description,
  sha256,
  ...keyframeTokensOf(manifest),
});

const lineOf = ({ manifest, sha256 }: LoadedPack): string =>
  [
    `${manifest.name} ${manifest.version}`,
    manifest.licence,
    sha256.slice(0, 12),
    `keyframes of ${lengthsOf(manifest)} ids`,
    manifest.description,
  ].join('  ');

/** What `--keyframe-tokens` may be; nothing where the pack has no choice. */
function keyframeTokensOf({ visual }: PackManifest): object {
  if (visual.dynamic) return { keyframeTokens: tokenRangeOf(visual.budget) };
  if (!visual.ladder) return {};
  const { defaultTokens, grids } = visual.ladder;
  const sizes = grids.map((grid) => ({ ...grid, tokens: positionsIn(grid) }));
  return { keyframeTokens: { default: defaultTokens, grids: sizes } };
}

function lengthsOf({ visual }: PackManifest): string {
  if (!visual.dynamic) return gridsText(ladderOf(visual)?.grids ?? [visual]);
  const { least, most } = tokenRangeOf(visual.budget);
  return `${least} to ${most}`;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
