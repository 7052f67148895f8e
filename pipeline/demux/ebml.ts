/** An element of EBML (RFC 8794): its id with the marker bits, and the size of its data. */
export interface EbmlHeader {
  readonly id: number;
  readonly headerBytes: number;
  /** `undefined` where the size is unknown: the element ends where another of its level or above begins. */
  readonly dataBytes: number | undefined;
}

/** Bytes of the longest header: an id of four and a size of eight. */
export const MAX_EBML_HEADER_BYTES = 12;

/** Parses an element's header; `short` where more bytes are needed, `invalid` where there is none. */
export function parseEbmlHeader(bytes: Uint8Array): EbmlHeader | 'short' | 'invalid' {
  const first = bytes[0];
  if (first === undefined) return 'short';
  const idBytes = Math.clz32(first) - 23;
  if (idBytes > 4) return 'invalid';
  if (bytes.length < idBytes + 1) return 'short';
  const sizeBytes = Math.clz32(bytes[idBytes] ?? 0) - 23;
  if (sizeBytes > 8) return 'invalid';
  if (bytes.length < idBytes + sizeBytes) return 'short';
  const size = parseVint(bytes.subarray(idBytes));
  return {
    id: toUnsigned(bytes.subarray(0, idBytes)),
    headerBytes: idBytes + sizeBytes,
    dataBytes: size?.value,
  };
}

/** A variable-size integer (RFC 8794 4); `value` is undefined where all its bits are set. */
export function parseVint(bytes: Uint8Array): { value: number | undefined; bytes: number } | undefined {
  const first = bytes[0] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || bytes.length < length) return undefined;
  const marker = 0x80 >> (length - 1);
  const value = toUnsigned(bytes.subarray(1, length)) + (first & (marker - 1)) * 2 ** (8 * (length - 1));
  return { value: value >= 2 ** (7 * length) - 1 ? undefined : value, bytes: length };
}

/** Big-endian unsigned integer; beyond 2^53 it loses low bits. */
export function toUnsigned(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

/** An element with its data, a view. */
export interface EbmlElement {
  readonly id: number;
  readonly data: Uint8Array;
}

/** The children of a whole master element; stops where one does not fit. */
export function childrenOf(data: Uint8Array): EbmlElement[] {
  const children: EbmlElement[] = [];
  let at = 0;
  while (at < data.length) {
    const header = parseEbmlHeader(data.subarray(at, at + MAX_EBML_HEADER_BYTES));
    if (typeof header === 'string' || header.dataBytes === undefined) break;
    const begin = at + header.headerBytes;
    if (begin + header.dataBytes > data.length) break;
    children.push({ id: header.id, data: data.subarray(begin, begin + header.dataBytes) });
    at = begin + header.dataBytes;
  }
  return children;
}
