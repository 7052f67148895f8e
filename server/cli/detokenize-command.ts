import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Command } from 'commander';
import type { Message } from '../../client-sdk/protocol/messages.ts';
import { Mp4Writer } from '../../pipeline/codec/mp4-writer.ts';
import { atConstantRate } from '../../pipeline/constant-rate.ts';
import { detokenize, type RebuiltEvent } from '../../pipeline/detokenizer.ts';
import { MediaError, ProtocolError } from '../../pipeline/errors.ts';
import { createOnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import { type LoadedPack, loadPack } from '../../pipeline/models/pack.ts';
import { parsePositive } from './number-option.ts';
import { packFolder, packOptions } from './pack-options.ts';
import { createProgress } from './progress.ts';
import { readRecords } from './read-records.ts';

interface DetokenizeFlags {
  readonly output: string;
  readonly pack?: string;
  readonly models?: string;
  readonly provider?: string;
  readonly originalAspect: boolean;
  readonly fps?: number;
  readonly force?: true;
  readonly json?: true;
}

/** What was written. */
interface Summary {
  readonly pictures: number;
  readonly seconds: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

const NOTES = `
Where records have a gap, the picture before it goes on; what comes before the first keyframe is left out. The epochs of
a stream follow each other in one file. Exit codes: 0 done, 1 failed, 2 bad usage.`;

/** `kinoglyph detokenize`: the video that records stand for. */
export const detokenizeCommand = (): Command =>
  packOptions(
    new Command('detokenize')
      .description('Rebuild the video from records: what tokenize writes and curl -N …/tokens prints.')
      .argument('<input>', 'file of records (NDJSON), or - for standard input')
      .requiredOption('-o, --output <file>', 'MP4 to write')
      .option('--fps <number>', "constant pictures a second; the tokens' own times if absent", parsePositive)
      .option('--original-aspect', "the source's display aspect (default)", true)
      .option('--no-original-aspect', "the pack's own picture, as it is decoded")
      .option('--force', 'use the pack even if the records name another')
      .option('--json', 'print the summary as JSON'),
  )
    .addHelpText('after', NOTES)
    .action(run);

async function run(input: string, flags: DetokenizeFlags): Promise<void> {
  const pack = await loadPack(packFolder(flags));
  await using detokenizer = await createOnnxDetokenizer(pack, {
    provider: flags.provider === undefined || flags.provider === 'auto' ? 'cpu' : flags.provider,
  });
  const name = input === '-' ? 'standard input' : input;
  const source: AsyncIterable<Uint8Array> = input === '-' ? process.stdin : createReadStream(input);
  const records = checkPack(readRecords(source, { name }), { pack, isForced: flags.force === true });
  const rebuilt = detokenize(records, { detokenizer });
  const events = flags.fps === undefined ? rebuilt : atConstantRate(rebuilt, { framesPerSecond: flags.fps });
  const { width, height } = detokenizer.geometry.visual;
  const summary = await writeMp4(events, {
    path: flags.output,
    decoded: { widthPx: width, heightPx: height },
    hasOriginalAspect: flags.originalAspect,
  });
  if (!summary) throw new MediaError('no-pictures', `${name} holds no clean keyframe to rebuild from`);
  process.stderr.write(flags.json ? `${JSON.stringify(summary)}\n` : `${describe(summary)}\n`);
}

/** Passes records on that were made with a pack; rejects with a `ProtocolError` at any other. */
async function* checkPack(
  records: AsyncIterable<Message>,
  { pack, isForced }: { pack: LoadedPack; isForced: boolean },
): AsyncGenerator<Message> {
  for await (const record of records) {
    if (record.type === 'start' && record.pack.sha256 !== pack.sha256 && !isForced) {
      const { name, version, sha256 } = record.pack;
      throw new ProtocolError(
        'bad-request',
        `records need the pack that made them, ${name} ${version} (${sha256.slice(0, 12)}), got ${pack.manifest.name} ${pack.manifest.version} (${pack.sha256.slice(0, 12)}); --pack chooses another, --force tries anyway`,
      );
    }
    yield record;
  }
}

interface Mp4Options {
  readonly path: string;
  /** Size of the decoded pictures. */
  readonly decoded: { readonly widthPx: number; readonly heightPx: number };
  readonly hasOriginalAspect: boolean;
}

/** Writes beside the file first, so that a failure leaves what was there before; undefined without any picture. */
async function writeMp4(
  events: AsyncIterable<RebuiltEvent>,
  { path, decoded, hasOriginalAspect }: Mp4Options,
): Promise<Summary | undefined> {
  const partial = `${path}.part`;
  let writer: Mp4Writer | undefined;
  let target = decoded;
  let pictures = 0;
  let seconds = 0;
  const progress = createProgress('detokenize', () => `${pictures} pictures, ${seconds.toFixed(1)} s`);
  try {
    for await (const event of events) {
      seconds = event.at / 1e6;
      if (event.type === 'end') {
        await writer?.finish(event.at);
        break;
      }
      if (!writer) {
        if (hasOriginalAspect) target = displaySize(decoded, event.displayAspect);
        writer = await Mp4Writer.open(partial, { source: decoded, target });
      }
      await writer.write(event.rgb, event.at);
      pictures += 1;
    }
    if (writer) await rename(partial, path);
  } finally {
    progress.stop();
    await writer?.[Symbol.asyncDispose]();
    await rm(partial, { force: true });
  }
  return writer && { pictures, seconds, ...target };
}

/** A picture of a display aspect that is nowhere smaller than the decoded one; sides are even. */
function displaySize(decoded: Mp4Options['decoded'], displayAspect: number): Mp4Options['decoded'] {
  const even = (px: number): number => 2 * Math.max(1, Math.round(px / 2));
  const wide = even(decoded.heightPx * displayAspect);
  return wide >= decoded.widthPx
    ? { widthPx: wide, heightPx: even(decoded.heightPx) }
    : { widthPx: even(decoded.widthPx), heightPx: even(decoded.widthPx / displayAspect) };
}

const describe = ({ pictures, seconds, widthPx, heightPx }: Summary): string =>
  `${pictures} pictures of ${widthPx}x${heightPx}, ${seconds.toFixed(2)} s`;
