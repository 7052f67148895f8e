/**
 * Reads fields from the most significant bit on. Past the end it gives zeros and says so by `isExhausted`, so that a
 * parser checks once, after its last field.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether more bits were read than there are. */
  get isExhausted(): boolean {
    return this.#position > this.#bytes.length * 8;
  }

  /** Bits not yet read. */
  get remaining(): number {
    return Math.max(0, this.#bytes.length * 8 - this.#position);
  }

  /** One bit. */
  bit(): number {
    const byte = this.#bytes[this.#position >> 3] ?? 0;
    const value = (byte >> (7 - (this.#position & 7))) & 1;
    this.#position += 1;
    return value;
  }

  /** One bit as a flag. */
  flag(): boolean {
    return this.bit() === 1;
  }

  /** An unsigned field of 0 to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }

  /** Goes on at the next whole byte. */
  alignToByte(): void {
    this.#position = (this.#position + 7) & ~7;
  }

  /** Exp-Golomb code, ITU-T H.264 9.1. */
  ue(): number {
    let zeros = 0;
    while (zeros < 32 && this.remaining > 0 && this.bit() === 0) zeros += 1;
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Signed Exp-Golomb code, ITU-T H.264 9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}

/**
 * Payload of a NAL unit without its emulation prevention bytes (ITU-T H.264 7.3.1), at most `maxBytes` of it. The
 * result is a copy.
 */
export function unescapeNal(nal: Uint8Array, maxBytes = nal.length): Uint8Array {
  const payload = new Uint8Array(Math.min(nal.length, maxBytes));
  let length = 0;
  let zeros = 0;
  for (let at = 0; at < nal.length && length < payload.length; at += 1) {
    const byte = nal[at] ?? 0;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    payload[length] = byte;
    length += 1;
  }
  return payload.subarray(0, length);
}
