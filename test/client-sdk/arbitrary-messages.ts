import fc from 'fast-check';
import {
  END_REASONS,
  GAP_REASONS,
  type Message,
  type MotionMessage,
  type StartMessage,
  type VisualMessage,
} from '../../client-sdk/protocol/messages.ts';
import { startMessage } from '../support/messages.ts';

export const EPOCH = '01JD8Z6V9K3M5N7P9Q1R3S5T7V';
const LAYOUT = startMessage().layout;

/** The default start with the ids of the official layout. */
export const START: StartMessage = startMessage({
  stream: 'door',
  epoch: EPOCH,
  layout: {
    ...LAYOUT,
    llm: { ...LAYOUT.llm, motionStart: 48_386, motionEnd: 48_387, motionOffset: 48_388 },
  },
});

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const micros = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const millis = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0);
const ids = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 }),
  fc.array(u32, { maxLength: 64 }),
);
const degraded = fc.option(fc.constant(true as const), { nil: undefined });
const timed = {
  epoch: fc.constant(EPOCH),
  seq: u32,
  pts: micros,
  received: millis,
  emitted: millis,
  captured: fc.option(millis, { nil: undefined }),
  clip: u32,
};

export const visualMessages: fc.Arbitrary<VisualMessage> = fc.record(
  {
    type: fc.constant('visual' as const),
    ...timed,
    shot: u32,
    keyframe: fc.constantFrom('coded' as const, 'synthetic' as const),
    ids,
    degraded,
    positions: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  },
  {
    requiredKeys: ['type', 'epoch', 'seq', 'pts', 'received', 'emitted', 'clip', 'shot', 'keyframe', 'ids'],
  },
);

export const motionMessages: fc.Arbitrary<MotionMessage> = fc.record(
  {
    type: fc.constant('motion' as const),
    ...timed,
    chunk: u32,
    fields: fc.integer({ min: 1, max: 255 }),
    duration: u32,
    ids,
    degraded,
  },
  {
    requiredKeys: [
      'type',
      'epoch',
      'seq',
      'pts',
      'received',
      'emitted',
      'clip',
      'chunk',
      'fields',
      'duration',
      'ids',
    ],
  },
);

/** One of each type that stays text on a binary connection. */
export const TEXT_MESSAGES: readonly Message[] = [
  START,
  ...GAP_REASONS.map(
    (reason) => ({ type: 'gap', epoch: EPOCH, seq: 3, from: 10, to: 20, reason, dropped: 1 }) as const,
  ),
  ...END_REASONS.map((reason) => ({ type: 'end', epoch: EPOCH, seq: 9, reason }) as const),
  { type: 'skip', from: `${EPOCH}:1`, to: `${EPOCH}:7`, reason: 'expired' },
  { type: 'goaway', inMs: 5000 },
];

/** A grid and int32 [rows * columns], -1 where a cell has no token: what an encoder of dynamic length gives. */
export const placedKeyframes = fc
  .record({ columns: fc.integer({ min: 1, max: 20 }), rows: fc.integer({ min: 1, max: 20 }) })
  .chain((grid) =>
    fc.record({
      grid: fc.constant(grid),
      placed: fc
        .array(fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, fc.nat(4095)), {
          minLength: grid.columns * grid.rows,
          maxLength: grid.columns * grid.rows,
        })
        .map((cells) => Int32Array.from(cells)),
    }),
  );
