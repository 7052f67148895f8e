import { firstValueFrom, toArray } from 'rxjs';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import { createCounters, tokenize } from '../../pipeline/tokenizer.ts';
import type { DemuxEvent } from '../../pipeline/types.ts';
import type { Engine } from '../../server/sessions/engine.ts';

/** An engine that remembers what each epoch's tokenizer was given. */
export interface RecordingEngine extends Engine {
  /** By stream: the events of its newest epoch, in order. */
  readonly recorded: ReadonlyMap<string, readonly DemuxEvent[]>;
}

/** Wraps an engine. */
export function recordingEngine(engine: Engine): RecordingEngine {
  const recorded = new Map<string, DemuxEvent[]>();
  return {
    ...engine,
    recorded,
    tokenize: (open, options) => {
      const events: DemuxEvent[] = [];
      recorded.set(options.stream, events);
      return engine.tokenize((limits) => noting(open(limits), events), options);
    },
  };
}

async function* noting(source: AsyncIterable<DemuxEvent>, events: DemuxEvent[]): AsyncGenerator<DemuxEvent> {
  for await (const event of source) {
    events.push(event);
    yield event;
  }
}

/** Tokenizes recorded events without haste, as `kinoglyph tokenize` does a file. */
export async function tokenizeRecorded(
  engine: Engine,
  events: readonly DemuxEvent[],
): Promise<JournalMessage[]> {
  const scope = new Scope();
  try {
    const messages$ = tokenize(() => replay(events), {
      stream: 'recorded',
      epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      delivery: 'complete',
      motion: 'auto',
      pack: engine.pack,
      encoder: engine.encoder,
      openDecoder: engine.openDecoder,
      limits: { maxUnitBytes: 2 ** 24, maxPixels: 4096 * 2304, windowUnits: 240, windowBytes: 2 ** 25 },
      counters: createCounters(),
      scope,
      now: nowMillis,
    });
    return await firstValueFrom(messages$.pipe(toArray()));
  } finally {
    await scope.close();
  }
}

async function* replay(events: readonly DemuxEvent[]): AsyncGenerator<DemuxEvent> {
  yield* events;
}
