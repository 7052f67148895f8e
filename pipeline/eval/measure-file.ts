import { concatMap, lastValueFrom, takeWhile, tap } from 'rxjs';
import { ulid } from 'ulid';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import type { OpenDecoder } from '../codec/decoder.ts';
import { demuxed } from '../demux/demux.ts';
import { Scope } from '../lifetime.ts';
import type { LoadedPack } from '../models/pack.ts';
import type { TokenEncoder } from '../models/token-encoder.ts';
import { PictureBudget } from '../operators/picture-budget.ts';
import {
  createCounters,
  type MotionChoice,
  type TokenizeLimits,
  type TokenizeProbe,
  tokenize,
} from '../tokenizer.ts';

/** What a file is tokenized with. */
export interface MeasureFileOptions {
  readonly pack: LoadedPack;
  readonly encoder: TokenEncoder;
  readonly openDecoder: OpenDecoder;
  readonly limits: TokenizeLimits;
  readonly motion: MotionChoice;
  /** Rate of a file that declares none. */
  readonly framesPerSecond?: number | undefined;
  /** Only messages that begin before this media time count. */
  readonly maxSeconds?: number | undefined;
  /** Told of the media time that has been measured. */
  readonly onProgress?: ((seconds: number) => void) | undefined;
}

/** Something that sees originals, and the messages that they become. */
export interface Measurement extends TokenizeProbe {
  /** Takes the next message; calls do not overlap. */
  take(message: JournalMessage): Promise<void>;
}

/** Messages that may wait to be measured; reading the file waits for them. */
const MAX_WAITING_MESSAGES = 8;

/** Tokenizes a file as `tokenize` does and shows it to a measurement. Bounded in memory whatever the file's length. */
export async function measureFile(
  source: AsyncIterable<Uint8Array>,
  measurement: Measurement,
  options: MeasureFileOptions,
): Promise<void> {
  const scope = new Scope();
  const waiting = new PictureBudget(MAX_WAITING_MESSAGES);
  const measure = async (message: JournalMessage): Promise<void> => {
    await measurement.take(message);
    waiting.release();
    if (message.type !== 'start') options.onProgress?.(beginOf(message) / 1e6);
  };
  const messages$ = tokenize(demuxed(whileThereIsRoom(source, waiting)), {
    ...options,
    stream: 'eval',
    epoch: ulid(),
    delivery: 'complete',
    counters: createCounters(),
    probe: measurement,
    scope,
    now: nowMillis,
  });
  const endUs = (options.maxSeconds ?? Number.POSITIVE_INFINITY) * 1e6;
  try {
    const measured$ = messages$.pipe(
      takeWhile((message) => beginOf(message) < endUs),
      tap(() => waiting.take()),
      concatMap(measure),
    );
    await lastValueFrom(measured$, { defaultValue: undefined });
  } finally {
    waiting.close();
    await scope.close();
  }
}

async function* whileThereIsRoom(
  source: AsyncIterable<Uint8Array>,
  waiting: PictureBudget,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    await waiting.room();
    yield bytes;
  }
}

/** Media time at which a message begins, µs. */
function beginOf(message: JournalMessage): number {
  if (message.type === 'visual' || message.type === 'motion') return message.pts;
  return message.type === 'gap' ? message.from : 0;
}
