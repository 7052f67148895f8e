/** The header of a box (ISO/IEC 14496-12 4.2). */
export interface BoxHeader {
  readonly type: string;
  readonly headerBytes: number;
  /** Bytes after the header, or `undefined` where the box goes on to the end of the input. */
  readonly payloadBytes: number | undefined;
}

/** A box with its payload, a view. */
export interface Box {
  readonly type: string;
  readonly payload: Uint8Array;
}

export const MAX_BOX_HEADER_BYTES = 16;

/** Parses a header; `short` where more bytes are needed, `invalid` where there is none. */
export function parseBoxHeader(bytes: Uint8Array): BoxHeader | 'short' | 'invalid' {
  if (bytes.length < 8) return 'short';
  const type = String.fromCharCode(...bytes.subarray(4, 8));
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return 'invalid';
  const size = uint32At(bytes, 0);
  if (size === 0) return { type, headerBytes: 8, payloadBytes: undefined };
  if (size !== 1) return size < 8 ? 'invalid' : { type, headerBytes: 8, payloadBytes: size - 8 };
  if (bytes.length < MAX_BOX_HEADER_BYTES) return 'short';
  const payloadBytes = uint64At(bytes, 8) - MAX_BOX_HEADER_BYTES;
  return payloadBytes < 0 ? 'invalid' : { type, headerBytes: MAX_BOX_HEADER_BYTES, payloadBytes };
}

/** The boxes in a payload; stops where one does not fit. */
export function boxesIn(payload: Uint8Array): Box[] {
  const boxes: Box[] = [];
  let at = 0;
  while (at < payload.length) {
    const header = parseBoxHeader(payload.subarray(at, at + MAX_BOX_HEADER_BYTES));
    if (typeof header === 'string') break;
    const begin = at + header.headerBytes;
    const end = begin + (header.payloadBytes ?? payload.length - begin);
    if (end > payload.length) break;
    boxes.push({ type: header.type, payload: payload.subarray(begin, end) });
    at = end;
  }
  return boxes;
}

/** The first box at a path of types, or `undefined`. */
export function boxAt(payload: Uint8Array, path: readonly string[]): Uint8Array | undefined {
  let found: Uint8Array | undefined = payload;
  for (const type of path) found = found && boxesIn(found).find((box) => box.type === type)?.payload;
  return found;
}

/** Big-endian fields; 0 past the end. */
export const uint16At = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
export const uint32At = (bytes: Uint8Array, at: number): number =>
  uint16At(bytes, at) * 65_536 + uint16At(bytes, at + 2);
export const int32At = (bytes: Uint8Array, at: number): number => uint32At(bytes, at) | 0;
/** Beyond 2^53 it loses low bits. */
export const uint64At = (bytes: Uint8Array, at: number): number =>
  uint32At(bytes, at) * 2 ** 32 + uint32At(bytes, at + 4);
