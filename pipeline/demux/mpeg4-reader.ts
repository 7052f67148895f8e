import type { VideoFormat } from '../types.ts';
import { BitReader } from './bit-reader.ts';
import type { BitstreamReader, UnitFacts } from './bitstream-reader.ts';
import {
  formatOfMpeg4Vol,
  GROUP_OF_VOP,
  type Mpeg4Vol,
  parseMpeg4Vol,
  timeBitsOf,
  VISUAL_SEQUENCE_END,
  VISUAL_SEQUENCE_START,
  VOL_FIRST,
  VOL_LAST,
  VOP,
} from './mpeg4-parameter-sets.ts';
import { elementsOf } from './nal-units.ts';
import type { PictureBoundaries, Placement } from './start-code-splitter.ts';

const USER_DATA = 0xb2;
const VISUAL_OBJECT = 0xb5;

/** Start codes that begin a unit where a VOP precedes them. */
const opensUnit = (code: number): boolean =>
  code <= VOL_LAST ||
  code === VISUAL_SEQUENCE_START ||
  code === USER_DATA ||
  code === GROUP_OF_VOP ||
  code === VISUAL_OBJECT ||
  code === VOP;

/** Tells where the units of MPEG-4 Part 2 begin. */
export class Mpeg4Boundaries implements PictureBoundaries {
  readonly lookaheadBytes = 1;
  readonly hasZeroByte = false;
  #hasPicture = false;

  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  place(head: Uint8Array): Placement {
    const code = head[0] ?? VISUAL_SEQUENCE_END;
    const opens = this.#hasPicture && opensUnit(code);
    if (opens) this.reset();
    if (code === VOP) this.#hasPicture = true;
    return opens ? 'opens' : 'joins';
  }

  complete(): void {
    // A VOP's start code says all that boundaries need.
  }

  reset(): void {
    this.#hasPicture = false;
  }
}

const VOP_I = 0;
const VOP_B = 2;

/** Reads MPEG-4 Part 2 units (ISO/IEC 14496-2). A missing VOP leaves no trace in its neighbours and is not noticed here. */
export class Mpeg4Reader implements BitstreamReader {
  readonly #extradata: Uint8Array | undefined;
  #volBytes: Uint8Array | undefined;
  #vol: Mpeg4Vol | undefined;
  #format: VideoFormat | undefined;
  /** Whole seconds of the last VOP that others refer to, and of the one before it (7.3.3, modulo_time_base). */
  #seconds = 0;
  #secondsBefore = 0;

  constructor(extradata?: Uint8Array) {
    this.#extradata = extradata;
    for (const element of extradata ? elementsOf(extradata) : []) this.#takeVol(element);
  }

  read(unit: Uint8Array): UnitFacts {
    let vop: Uint8Array | undefined;
    for (const element of elementsOf(unit)) {
      const code = element[0] ?? 0;
      if (code === VOP) vop ??= element;
      else if (code >= VOL_FIRST && code <= VOL_LAST) this.#takeVol(element);
      else if (code === GROUP_OF_VOP) this.#takeGroup(element);
    }
    if (!vop) return { type: 'empty' };
    if (!this.#vol || !this.#format || vop.length < 2) return { type: 'unusable' };
    const type = (vop[1] ?? 0) >> 6;
    return {
      type: 'picture',
      isKeyframe: type === VOP_I,
      format: this.#format,
      missing: 0,
      order: { type: 'time', timeMicros: this.#timeOf(vop, type, this.#vol.timeResolution) },
    };
  }

  resume(): void {
    // Each VOP states its time and type; nothing is carried over a hole.
  }

  #takeVol(element: Uint8Array): void {
    if (this.#volBytes && Buffer.compare(this.#volBytes, element) === 0) return;
    const vol = parseMpeg4Vol(element);
    if (!vol) return;
    this.#volBytes = element.slice();
    this.#vol = vol;
    this.#format = formatOfMpeg4Vol(vol, this.#extradata);
  }

  /** time_code of a group of VOPs (6.2.4). */
  #takeGroup(element: Uint8Array): void {
    const bits = new BitReader(element.subarray(1));
    const hours = bits.bits(5);
    const minutes = bits.bits(6);
    bits.skip(1);
    this.#seconds = hours * 3600 + minutes * 60 + bits.bits(6);
    this.#secondsBefore = this.#seconds;
  }

  #timeOf(vop: Uint8Array, type: number, resolution: number): number {
    const bits = new BitReader(vop.subarray(1));
    bits.skip(2);
    let elapsed = 0;
    while (bits.remaining > 0 && bits.flag()) elapsed += 1;
    bits.skip(1);
    const increment = bits.bits(timeBitsOf(resolution));
    if (type !== VOP_B) {
      this.#secondsBefore = this.#seconds;
      this.#seconds += elapsed;
    }
    const base = type === VOP_B ? this.#secondsBefore + elapsed : this.#seconds;
    return (base + increment / resolution) * 1e6;
  }
}
