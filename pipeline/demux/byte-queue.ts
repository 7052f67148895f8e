/**
 * Bytes that were appended and not yet consumed, kept in one piece. Appending and consuming cost time linear in the
 * bytes that pass through, however they are cut.
 */
export class ByteQueue {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies `bytes` to the end. */
  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Drops the first `count` bytes. */
  consume(count: number): void {
    this.#start = Math.min(this.#start + count, this.#end);
    if (this.#start === this.#end) this.clear();
  }

  /** Drops everything. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /** Borrows the bytes in `[from, to)`; valid until the next append. */
  view(from = 0, to = this.length): Uint8Array {
    return this.#buffer.subarray(this.#start + from, this.#start + Math.min(to, this.length));
  }

  /** Copies out the first `count` bytes and drops them. The caller owns the copy. */
  take(count: number): Uint8Array {
    const bytes = this.view(0, count).slice();
    this.consume(count);
    return bytes;
  }

  /** The byte at an offset, 0 outside. */
  at(offset: number): number {
    return offset >= 0 && offset < this.length ? (this.#buffer[this.#start + offset] ?? 0) : 0;
  }

  /** Offset of a byte pattern at or after `from`, or -1. */
  indexOf(pattern: Uint8Array, from: number): number {
    return Buffer.from(this.#buffer.buffer, this.#start, this.length).indexOf(pattern, Math.max(0, from));
  }

  #makeRoom(count: number): void {
    const needed = this.length + count;
    const target = needed * 2 <= this.#buffer.length ? this.#buffer : new Uint8Array(needed * 2);
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
