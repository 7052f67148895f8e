import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBinary, encodeBinary } from '../../../client-sdk/protocol/binary.ts';
import { llmIdsOf } from '../../../client-sdk/protocol/llm-ids.ts';
import type { Message, MotionMessage, VisualMessage } from '../../../client-sdk/protocol/messages.ts';
import { MessageSchema } from '../../../client-sdk/protocol/messages.ts';
import { parseMessage } from '../../../client-sdk/protocol/parse-message.ts';
import { WireError } from '../../../client-sdk/protocol/wire-error.ts';
import { EPOCH, motionMessages, START, TEXT_MESSAGES, visualMessages } from '../arbitrary-messages.ts';

const hexOf = (data: Uint8Array | string) => Buffer.from(data as Uint8Array).toString('hex');

const VISUAL: VisualMessage = {
  type: 'visual',
  epoch: EPOCH,
  seq: 1,
  pts: 0x0102030405,
  received: 1.5,
  emitted: 2,
  clip: 7,
  shot: 9,
  keyframe: 'synthetic',
  ids: [0x1234, 0xffff],
  positions: 'oIA=',
  degraded: true,
};

const MOTION: MotionMessage = {
  type: 'motion',
  epoch: EPOCH,
  seq: 0xffff_ffff,
  pts: 666_667,
  received: 0,
  emitted: 0,
  clip: 1,
  chunk: 2,
  fields: 8,
  duration: 666_666,
  ids: [1, 0x10000],
};

describe('the binary form', () => {
  it('of a visual message is these bytes', () => {
    expect(hexOf(encodeBinary(VISUAL))).toBe(
      [
        '01', // visual
        '0b', // degraded, synthetic, positions
        '0200', // two ids
        '01000000', // seq
        '0504030201000000', // pts
        '000000000000f83f', // received 1.5
        '0000000000000040', // emitted 2
        '07000000', // clip
        '09000000', // shot
        '00000000', // no duration
        '00', // no fields
        '00',
        '0200', // two bytes of positions
        '3412ffff', // ids as u16
        'a080', // positions
      ].join(''),
    );
  });

  it('of a motion message is these bytes', () => {
    expect(hexOf(encodeBinary(MOTION))).toBe(
      [
        '02', // motion
        '04', // ids are u32
        '0200',
        'ffffffff',
        '2b2c0a0000000000',
        '0000000000000000',
        '0000000000000000',
        '01000000',
        '02000000', // chunk
        '2a2c0a00', // duration
        '08', // fields
        '00',
        '0000',
        '0100000000000100', // ids as u32
      ].join(''),
    );
  });

  it('of a message with a capture time has it behind the header', () => {
    const bytes = encodeBinary({ ...MOTION, ids: [1], captured: 1.5 }) as Uint8Array;
    expect(hexOf(bytes).slice(2, 4)).toBe('20'); // captured
    expect(hexOf(bytes.subarray(48))).toBe(
      [
        '000000000000f83f', // captured 1.5
        '0100', // id as u16
      ].join(''),
    );
  });

  it('of a still chunk is the header alone', () => {
    expect((encodeBinary({ ...MOTION, ids: [] }) as Uint8Array).length).toBe(48);
  });

  it('decodes to the object that the JSON form decodes to', () => {
    fc.assert(
      fc.property(fc.oneof(visualMessages, motionMessages), (message) => {
        const decoded = decodeBinary(encodeBinary(message), START);
        expect(decoded).toEqual(parseMessage(JSON.stringify(message)));
        expect(MessageSchema.safeParse(decoded).success).toBe(true);
      }),
    );
  });

  it('gives flat ids that equal those of the JSON form, without carrying them', () => {
    fc.assert(
      fc.property(fc.oneof(visualMessages, motionMessages), (message) => {
        const flat: Message = { ...message, llm: llmIdsOf(message, START.layout.llm) };
        const bytes = encodeBinary(flat) as Uint8Array;
        expect(decodeBinary(bytes, START)).toEqual(flat);
        expect(bytes.length).toBe((encodeBinary(message) as Uint8Array).length);
      }),
    );
  });

  it.each(TEXT_MESSAGES)('of $type is text', (message) => {
    const text = encodeBinary(message);
    expect(text).toBeTypeOf('string');
    expect(decodeBinary(text, undefined)).toEqual(message);
  });

  it('reads a message that lies at an odd address', () => {
    const bytes = encodeBinary(VISUAL) as Uint8Array;
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeBinary(shifted.subarray(1), START)).toEqual(VISUAL);
  });

  it('needs a start before it', () => {
    expect(() => decodeBinary(encodeBinary(VISUAL), undefined)).toThrow(WireError);
  });

  it.each([
    ['seq', { ...VISUAL, seq: 2 ** 32 }],
    ['clip', { ...VISUAL, clip: 2 ** 32 }],
    ['duration', { ...MOTION, duration: 2 ** 32 }],
    ['number of ids', { ...MOTION, ids: new Array<number>(65_536).fill(0) }],
  ] as const)('refuses a %s that does not fit', (name, message) => {
    expect(() => encodeBinary(message)).toThrow(name);
  });

  it('damaged in any way gives a WireError or a valid message', () => {
    const seeds = [VISUAL, MOTION, { ...MOTION, ids: [] }].map(
      (message) => encodeBinary(message) as Uint8Array,
    );
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(70),
        (seed, edits, length) => {
          const bytes = new Uint8Array(length % 3 === 0 ? length : seed.length);
          bytes.set(seed.subarray(0, bytes.length));
          for (const [at, value] of edits) bytes[at % Math.max(1, bytes.length)] = value;
          try {
            expect(MessageSchema.safeParse(decodeBinary(bytes, START)).error).toBeUndefined();
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
            refused += 1;
          }
        },
      ),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});
