import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCursor, parseCursor } from '../../../client-sdk/protocol/cursor.ts';
import { cursorOf } from '../../../client-sdk/protocol/messages.ts';
import { WireError } from '../../../client-sdk/protocol/wire-error.ts';
import { EPOCH, START } from '../arbitrary-messages.ts';

describe('a cursor', () => {
  it('survives the way to text and back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seq) => {
        expect(parseCursor(formatCursor({ epoch: EPOCH, seq }))).toEqual({ epoch: EPOCH, seq });
      }),
    );
  });

  it('of a message is its epoch and seq', () => {
    expect(cursorOf(START)).toBe(`${EPOCH}:0`);
  });

  it.each([
    '',
    ':',
    `${EPOCH}`,
    `${EPOCH}:`,
    `${EPOCH}:-1`,
    `${EPOCH}:01`,
    `${EPOCH}:1e3`,
    `${EPOCH}:9007199254740993`,
    `${EPOCH.toLowerCase()}:1`,
    `${EPOCH}:1\n`,
  ])('is not %j', (text) => {
    expect(() => parseCursor(text)).toThrow(WireError);
  });
});
