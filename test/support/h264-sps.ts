/** Rewrites the sequence parameter sets of an Annex B stream (ITU-T H.264 7.3.2.1.1) the way some encoders leave them. */

class BitString {
  readonly bits: number[] = [];
  #at = 0;

  constructor(bytes: Uint8Array = new Uint8Array()) {
    for (const byte of bytes) for (let bit = 7; bit >= 0; bit--) this.bits.push((byte >> bit) & 1);
  }

  skip(count: number): void {
    this.#at += count;
  }

  golomb(): number {
    let zeros = 0;
    while (this.bits[this.#at] === 0) {
      zeros++;
      this.#at++;
    }
    let value = 0;
    for (let bit = 0; bit <= zeros; bit++) value = value * 2 + this.bits[this.#at++]!;
    return value - 1;
  }

  before(): number[] {
    return this.bits.slice(0, this.#at);
  }

  bit(): number {
    return this.bits[this.#at++]!;
  }
}

function toBytes(bits: number[]): Uint8Array {
  const padded = [...bits, 1];
  while (padded.length % 8 > 0) padded.push(0);
  const bytes: number[] = [];
  for (let at = 0; at < padded.length; at += 8)
    bytes.push(Number.parseInt(padded.slice(at, at + 8).join(''), 2));
  return Uint8Array.from(bytes);
}

/** Unit type and payload without emulation prevention of a High-profile SPS, with its VUI left out. */
function withoutVui(unit: Uint8Array): Uint8Array {
  const plain: number[] = [];
  for (const [index, byte] of unit.entries()) {
    if (byte === 3 && unit[index - 1] === 0 && unit[index - 2] === 0) continue;
    plain.push(byte);
  }
  const sps = new BitString(Uint8Array.from(plain));
  sps.skip(8 * 4);
  sps.golomb(); // seq_parameter_set_id
  if (plain[1] === 100) {
    sps.golomb(); // chroma_format_idc
    sps.golomb(); // bit depths
    sps.golomb();
    sps.skip(2); // lossless bypass, no scaling matrix
  }
  sps.golomb(); // log2_max_frame_num_minus4
  const orderType = sps.golomb();
  if (orderType === 1) throw new Error('picture order count type 1 is not read here');
  if (orderType === 0) sps.golomb();
  sps.golomb(); // max_num_ref_frames
  sps.skip(1);
  sps.golomb(); // width
  sps.golomb(); // height
  if (sps.bit() === 0) sps.skip(1); // frame_mbs_only, mb_adaptive_frame_field
  sps.skip(1); // direct_8x8_inference
  if (sps.bit() === 1) for (let edge = 0; edge < 4; edge++) sps.golomb(); // cropping
  return toBytes([...sps.before(), 0]);
}

/** Leaves the VUI, with its promise of no reordering, out of every SPS of an access unit. */
export function stripVui(unit: Uint8Array): Uint8Array {
  const starts: number[] = [];
  for (let at = 0; at + 3 <= unit.length; at++) {
    if (unit[at] === 0 && unit[at + 1] === 0 && unit[at + 2] === 1) starts.push(at + 3);
  }
  const parts = starts.map((start, index) => {
    const next = starts[index + 1];
    let end = next === undefined ? unit.length : next - 3;
    while (end > start && unit[end - 1] === 0) end--;
    const nal = unit.subarray(start, end);
    return Buffer.concat([Buffer.from([0, 0, 0, 1]), (nal[0]! & 31) === 7 ? withoutVui(nal) : nal]);
  });
  return Buffer.concat(parts);
}
