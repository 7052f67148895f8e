import { createReadStream, createWriteStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { concatMap, lastValueFrom } from 'rxjs';
import { ulid } from 'ulid';
import { llmIdsOf } from '../../client-sdk/protocol/llm-ids.ts';
import { type JournalMessage, StreamNameSchema } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { demuxed } from '../../pipeline/demux/demux.ts';
import { paceByMedia } from '../../pipeline/demux/pace.ts';
import { ConfigError, MediaError } from '../../pipeline/errors.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { createCounters, MOTION_CHOICES, type MotionChoice, tokenize } from '../../pipeline/tokenizer.ts';
import { loadConfig } from '../config.ts';
import { parsePositive } from './number-option.ts';
import { keyframeTokensOption, packFolder, packOptions } from './pack-options.ts';
import { createProgress } from './progress.ts';

interface TokenizeFlags {
  readonly output?: string;
  readonly pack?: string;
  readonly models?: string;
  readonly motion: MotionChoice;
  readonly fps?: number;
  readonly realtime?: true;
  readonly layout?: 'llm';
  readonly stream: string;
  readonly provider?: string;
  readonly workers?: number;
  readonly keyframeTokens?: number;
  readonly json?: true;
}

/** `kinoglyph tokenize`: a file's tokens as records, the same that a subscriber of the live stream reads. */
export const tokenizeCommand = (): Command =>
  packOptions(
    new Command('tokenize')
      .description('Tokenize a file: MPEG-TS, MP4, Matroska/WebM, H.264 or MPEG-4 elementary stream.')
      .argument('<input>', 'file, or - for standard input')
      .option('-o, --output <file>', 'NDJSON records, one message a line; standard output if absent')
      .addOption(
        new Option('--motion <source>', 'where motion vectors come from')
          .choices(MOTION_CHOICES)
          .default('auto'),
      )
      .option('--fps <number>', 'pictures a second of a stream that declares no rate', parsePositive)
      .option('--realtime', 'read at the pace of the media and drop under overload, as a live stream would')
      .addOption(new Option('--layout <layout>', 'add flat ids of a language model').choices(['llm']))
      .option('--stream <name>', "the records' stream name", 'file')
      .option('--workers <count>', 'inference threads', parsePositive)
      .addOption(keyframeTokensOption())
      .option('--json', 'print the summary as JSON'),
  ).action(run);

async function run(input: string, flags: TokenizeFlags): Promise<void> {
  const stream = StreamNameSchema.safeParse(flags.stream);
  if (!stream.success) throw new ConfigError('bad-config', `--stream: ${stream.error.issues[0]?.message}`);
  const config = loadConfig({ flags: { provider: flags.provider, keyframeTokens: flags.keyframeTokens } });
  const pack = await loadPack(packFolder(flags));
  await using encoder = await createTokenEncoder(pack, {
    provider: config.provider,
    keyframeTokens: config.keyframeTokens,
    workers: flags.workers,
  });
  const source = input === '-' ? process.stdin : await openFile(input);
  const output = flags.output === undefined ? process.stdout : createWriteStream(flags.output);
  const scope = new Scope();
  const counters = createCounters();
  const progress = createProgress('tokenize', () => `${counters.pictures} pictures`);
  const tally = new Tally(stream.data);
  const pace = { maxUnitBytes: config.maxUnitBytes, framesPerSecond: flags.fps, now: nowMillis };
  try {
    const messages$ = tokenize(demuxed(flags.realtime ? paceByMedia(source, pace) : source), {
      stream: stream.data,
      epoch: tally.epoch,
      delivery: flags.realtime ? 'live' : 'complete',
      motion: flags.motion,
      pack,
      encoder,
      openDecoder: openNodeAvDecoder,
      limits: config,
      framesPerSecond: flags.fps,
      counters,
      scope,
      now: nowMillis,
    });
    const write = (message: JournalMessage): Promise<void> => {
      tally.count(message);
      return writeLine(output, flags.layout === 'llm' ? withLlmIds(message, pack.manifest.llm) : message);
    };
    await lastValueFrom(messages$.pipe(concatMap(write)), { defaultValue: undefined });
    if (tally.visuals === 0) throw new MediaError('no-pictures', `no picture of ${input} could be tokenized`);
    await write(tally.end());
  } finally {
    progress.stop();
    await scope.close();
    if (output !== process.stdout) await finished(output.end());
  }
  process.stderr.write(flags.json ? `${JSON.stringify(tally.summary())}\n` : `${tally.text()}\n`);
}

/** Counts what was written. */
class Tally {
  readonly epoch = ulid();
  readonly #stream: string;
  readonly #messages = { start: 0, visual: 0, motion: 0, gap: 0, end: 0 };
  #ids = 0;
  #nextSeq = 0;

  constructor(stream: string) {
    this.#stream = stream;
  }

  get visuals(): number {
    return this.#messages.visual;
  }

  count(message: JournalMessage): void {
    this.#messages[message.type] += 1;
    this.#nextSeq = message.seq + 1;
    if (message.type === 'visual' || message.type === 'motion') this.#ids += message.ids.length;
  }

  end(): JournalMessage {
    return { type: 'end', epoch: this.epoch, seq: this.#nextSeq, reason: 'finished' };
  }

  summary(): object {
    return { stream: this.#stream, epoch: this.epoch, messages: this.#messages, ids: this.#ids };
  }

  text(): string {
    const { visual, motion, gap } = this.#messages;
    return `${visual} keyframes, ${motion} motion chunks, ${gap} gaps, ${this.#ids} ids`;
  }
}

const withLlmIds = (message: JournalMessage, layout: Parameters<typeof llmIdsOf>[1]): JournalMessage =>
  message.type === 'visual' || message.type === 'motion'
    ? { ...message, llm: llmIdsOf(message, layout) }
    : message;

function writeLine(output: Writable, message: JournalMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

function openFile(path: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const file = createReadStream(path, { highWaterMark: 64 * 1024 });
    file.once('open', () => resolve(file));
    file.once('error', reject);
  });
}
