import type { VideoFormat } from '../types.ts';
import { BitReader } from './bit-reader.ts';
import type { BitstreamReader, UnitFacts } from './bitstream-reader.ts';
import {
  formatOfMpeg2,
  type Mpeg2Sequence,
  parseMpeg2Extension,
  parseMpeg2Sequence,
} from './mpeg2-sequence.ts';
import { elementsOf } from './nal-units.ts';
import type { PictureBoundaries, Placement } from './start-code-splitter.ts';

/** Start codes, ITU-T H.262 Table 6-1. */
const PICTURE = 0x00;
const SLICE_FIRST = 0x01;
const SLICE_LAST = 0xaf;
const SEQUENCE_HEADER = 0xb3;
const EXTENSION = 0xb5;
const SEQUENCE_END = 0xb7;
const GROUP = 0xb8;

const SEQUENCE_EXTENSION = 1;
const PICTURE_CODING_EXTENSION = 8;
const FRAME_PICTURE = 3;
const PICTURE_I = 1;

/** picture_structure of a picture coding extension (6.3.10), `undefined` for other elements. */
function structureOf(element: Uint8Array): number | undefined {
  const isCoding = element[0] === EXTENSION && (element[1] ?? 0) >> 4 === PICTURE_CODING_EXTENSION;
  return isCoding ? (element[3] ?? 0) & 3 : undefined;
}

/** Tells where the units of MPEG-1 and MPEG-2 video begin; the two fields of a frame stay together. */
export class Mpeg2Boundaries implements PictureBoundaries {
  readonly lookaheadBytes = 1;
  readonly hasZeroByte = false;
  #hasPicture = false;
  /** Whether the unit in progress lacks the second field of its frame. */
  #isHalf = false;
  #isSecondField = false;

  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  place(head: Uint8Array): Placement {
    const code = head[0] ?? SEQUENCE_END;
    if (code === PICTURE && this.#isHalf) {
      this.#isHalf = false;
      this.#isSecondField = true;
      return 'joins';
    }
    const opens = this.#hasPicture && (code === PICTURE || code === SEQUENCE_HEADER || code === GROUP);
    if (opens) this.reset();
    if (code === PICTURE) this.#hasPicture = true;
    return opens ? 'opens' : 'joins';
  }

  complete(element: Uint8Array): void {
    const structure = structureOf(element);
    if (structure !== undefined) this.#isHalf = structure !== FRAME_PICTURE && !this.#isSecondField;
  }

  reset(): void {
    this.#hasPicture = false;
    this.#isHalf = false;
    this.#isSecondField = false;
  }
}

/** Reads MPEG-1 and MPEG-2 units. A missing picture leaves no sure trace in its neighbours and is not noticed here. */
export class Mpeg2Reader implements BitstreamReader {
  #sequence: Mpeg2Sequence | undefined;
  #sequenceBytes: Uint8Array | undefined;
  #isMpeg2 = false;
  #isExtensionDue = false;
  #format: VideoFormat | undefined;
  #period = 0;
  /** Last temporal reference, unwrapped; it counts modulo 1024 from the group's first picture on (6.3.9). */
  #rank = 0;

  constructor(extradata?: Uint8Array) {
    for (const element of extradata ? elementsOf(extradata) : []) this.#takeHeader(element);
  }

  read(unit: Uint8Array): UnitFacts {
    let picture: Uint8Array | undefined;
    let hasSlice = false;
    for (const element of elementsOf(unit)) {
      const code = element[0] ?? 0;
      if (code === PICTURE) picture ??= element;
      else if (code === GROUP) this.#beginGroup();
      else if (code >= SLICE_FIRST && code <= SLICE_LAST) hasSlice = true;
      else this.#takeHeader(element);
    }
    if (!picture) return { type: 'empty' };
    if (!this.#sequence || !hasSlice || picture.length < 3) return { type: 'unusable' };
    this.#format ??= formatOfMpeg2(this.#sequence, this.#isMpeg2);
    const bits = new BitReader(picture.subarray(1));
    const reference = bits.bits(10);
    this.#rank = reference + Math.round((this.#rank - reference) / 1024) * 1024;
    return {
      type: 'picture',
      isKeyframe: bits.bits(3) === PICTURE_I,
      format: this.#format,
      missing: 0,
      order: { type: 'rank', period: this.#period, rank: this.#rank, step: 1 },
    };
  }

  resume(): void {
    // Nothing is carried over a hole.
  }

  #beginGroup(): void {
    this.#period += 1;
    this.#rank = 0;
  }

  #takeHeader(element: Uint8Array): void {
    if (element[0] === SEQUENCE_HEADER) {
      const isKnown = this.#sequenceBytes && Buffer.compare(this.#sequenceBytes, element) === 0;
      const sequence = isKnown ? undefined : parseMpeg2Sequence(element);
      this.#isExtensionDue = sequence !== undefined;
      if (!sequence) return;
      this.#sequenceBytes = element.slice();
      this.#sequence = sequence;
      this.#isMpeg2 = false;
      this.#format = undefined;
      return;
    }
    const isExtension = element[0] === EXTENSION && (element[1] ?? 0) >> 4 === SEQUENCE_EXTENSION;
    if (!isExtension || !this.#isExtensionDue || !this.#sequence) return;
    this.#sequence = parseMpeg2Extension(element, this.#sequence);
    this.#isMpeg2 = true;
    this.#isExtensionDue = false;
  }
}
