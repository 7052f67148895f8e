import { expect, it } from 'vitest';
import type { Depacketizer } from '../../../pipeline/rtp/depacketizer.ts';
import { type Assembled, UnitAssembler } from '../../../pipeline/rtp/unit-assembler.ts';

/** Joins letters; `!` is malformed, `?` refused; after a hole only what begins with `^` is whole. */
const LETTERS: Depacketizer = {
  depacketize(payloads, { isAfterHole }) {
    const text = Buffer.concat(payloads).toString();
    if (text.includes('?')) return { type: 'refused', detail: text };
    if (text.includes('!') || (isAfterHole && !text.startsWith('^'))) return { type: 'broken' };
    return { type: 'unit', data: Buffer.from(text), isKeyframe: false };
  },
  announcesKeyframe: () => false,
};

const textOf = (assembled: Assembled): string =>
  assembled.type === 'unit'
    ? `${Buffer.from(assembled.data).toString()}@${assembled.timestamp}`
    : assembled.type;

/** `a1` is the payload a at timestamp 1, `a1.` with the marker, `1` padding, `-` a hole, `|` the end. */
function assemble(script: string, maxUnitBytes = 100): string {
  const assembler = new UnitAssembler({ maxUnitBytes, depacketizerOf: () => LETTERS });
  return script
    .split(' ')
    .flatMap((word) => {
      if (word === '-') return [...assembler.hole()];
      if (word === '|') return [...assembler.end()];
      const [, text = '', timestamp = '', marker] = /^(\D*)(\d)(\.?)$/.exec(word) ?? [];
      const packet = {
        payloadType: 96,
        sequenceNumber: 0,
        timestamp: Number(timestamp),
        ssrc: 1,
        marker: marker === '.',
        payload: Buffer.from(text),
      };
      return [...assembler.push({ packet, atMs: 0 })];
    })
    .map(textOf)
    .join(' ');
}

it.each([
  ['units end at markers', '^a1 b1. c2.', '^ab@1 c@2'],
  ['units end at a new timestamp where no marker is set', '^a1 b1 c2 d3', '^ab@1 c@2'],
  ['nothing proves that the first packet begins a unit', 'a1. b2.', 'lost b@2'],
  ['a hole within a unit loses it and its rest', '^a1. b2 - c2 d2. e3.', '^a@1 lost e@3'],
  [
    'a hole at the end of a unit loses it, and the next that does not prove its beginning',
    '^a1 - b2. c3.',
    'lost lost c@3',
  ],
  ['a hole between units is told, for whole units may be in it', '^a1. - ^b3. c4.', '^a@1 lost ^b@3 c@4'],
  ['the beginning after a lost unit is sure where it follows without a hole', '^a1 - b1. c2.', 'lost c@2'],
  ['padding belongs to no unit', '^a1. 1 2 b2 2 c2.', '^a@1 bc@2'],
  ['padding after a hole proves no beginning', '^a1. - 1 b2. c3.', '^a@1 lost lost c@3'],
  ['what is malformed is lost', '^a1. !2. c3.', '^a@1 lost c@3'],
  [
    'a marker within a unit takes it back, and is not believed again',
    '^a1. b1. c2. d2. e3 f4',
    '^a@1 lost cd@2 e@3',
  ],
  ['what is left open at the end is lost', '^a1. b2 |', '^a@1 lost'],
  ['nothing is lost at an end between units', '^a1. |', '^a@1'],
  ['what is not taken is refused', '^a1. ?2.', '^a@1 refused'],
])('%s', (_claim, script, expected) => {
  expect(assemble(script)).toBe(expected);
});

it('units above the limit are lost', () => {
  expect(assemble('^a1 b1 c1 d1. e2.', 3)).toBe('lost e@2');
});
