import { START_CODE } from './start-code-splitter.ts';

/** Far above what a picture is made of; more are not looked at, so that a unit of nothing but start codes costs little. */
const MAX_ELEMENTS = 1 << 14;

/** The elements of a unit with start codes, without the codes and trailing zeros; views into it. */
export function elementsOf(unit: Uint8Array): Uint8Array[] {
  const search = Buffer.from(unit.buffer, unit.byteOffset, unit.byteLength);
  const elements: Uint8Array[] = [];
  let code = search.indexOf(START_CODE);
  while (code >= 0 && elements.length < MAX_ELEMENTS) {
    const begin = code + START_CODE.length;
    code = search.indexOf(START_CODE, begin);
    let end = code < 0 ? unit.length : code;
    while (end > begin && unit[end - 1] === 0) end -= 1;
    if (end > begin) elements.push(unit.subarray(begin, end));
  }
  return elements;
}

/** NAL units that are each preceded by their length (ISO/IEC 14496-15); stops where a length does not fit. */
export function lengthPrefixedNals(unit: Uint8Array, lengthBytes: number): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let at = 0;
  while (at + lengthBytes <= unit.length && nals.length < MAX_ELEMENTS) {
    let length = 0;
    for (let byte = 0; byte < lengthBytes; byte += 1) length = length * 256 + (unit[at + byte] ?? 0);
    at += lengthBytes;
    if (length === 0 || at + length > unit.length) break;
    nals.push(unit.subarray(at, at + length));
    at += length;
  }
  return nals;
}

/** What a decoder configuration record holds. */
export interface NalConfiguration {
  readonly lengthBytes: number;
  readonly parameterSets: readonly Uint8Array[];
}

/** Reads an avcC record (ISO/IEC 14496-15 5.3.3.1); `undefined` for anything else, such as Annex B bytes. */
export function parseAvcConfiguration(record: Uint8Array): NalConfiguration | undefined {
  if (record[0] !== 1 || record.length < 7) return undefined;
  const parameterSets: Uint8Array[] = [];
  let at = 5;
  for (const mask of [31, 255]) {
    let count = (record[at] ?? 0) & mask;
    for (at += 1; count > 0; count -= 1) {
      const length = (record[at] ?? 0) * 256 + (record[at + 1] ?? 0);
      parameterSets.push(record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return { lengthBytes: ((record[4] ?? 0) & 3) + 1, parameterSets };
}

/** Reads an hvcC record (ISO/IEC 14496-15 8.3.3.1). */
export function parseHevcConfiguration(record: Uint8Array): NalConfiguration | undefined {
  if (record[0] !== 1 || record.length < 23) return undefined;
  const parameterSets: Uint8Array[] = [];
  let at = 23;
  for (let arrays = record[22] ?? 0; arrays > 0 && at < record.length; arrays -= 1) {
    let count = (record[at + 1] ?? 0) * 256 + (record[at + 2] ?? 0);
    for (at += 3; count > 0 && at < record.length; count -= 1) {
      const length = (record[at] ?? 0) * 256 + (record[at + 1] ?? 0);
      parameterSets.push(record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return { lengthBytes: ((record[21] ?? 0) & 3) + 1, parameterSets };
}
