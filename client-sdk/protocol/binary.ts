/**
 * The binary form of the token stream. `start`, `gap`, `end`, `skip` and `goaway` stay JSON text; a visual or motion
 * message is one binary WebSocket message, little-endian:
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u8 | type: 1 visual, 2 motion |
 * | 1 | u8 | flags: 1 degraded, 2 synthetic keyframe, 4 ids are u32, 8 has positions, 16 has `llm`, 32 has captured |
 * | 2 | u16 | number of ids |
 * | 4 | u32 | seq |
 * | 8 | u64 | pts, µs |
 * | 16 | f64 | received, ms |
 * | 24 | f64 | emitted, ms |
 * | 32 | u32 | clip |
 * | 36 | u32 | visual: shot; motion: chunk |
 * | 40 | u32 | motion: duration, µs; visual: 0 |
 * | 44 | u8 | motion: fields; visual: 0 |
 * | 45 | u8 | 0 |
 * | 46 | u16 | bytes of the positions bitmap |
 * | 48 | f64 | captured, ms; only with flag 32 |
 * | then | u16 or u32 each | ids, by flag 4 |
 * | then | u8 each | positions bitmap |
 *
 * The epoch is that of the last `start`. `llm` ids do not travel: flag 16 asks the receiver to derive them from the
 * last `start`'s layout, which gives what the JSON form carries.
 */
import { fromBase64, toBase64 } from './base64.ts';
import { llmIdsOf } from './llm-ids.ts';
import type { Message, MotionMessage, StartMessage, VisualMessage } from './messages.ts';
import { parseMessage } from './parse-message.ts';
import { WireError } from './wire-error.ts';

const HEADER_BYTES = 48;
const VISUAL = 1;
const MOTION = 2;
const DEGRADED = 1;
const SYNTHETIC = 2;
const WIDE_IDS = 4;
const POSITIONS = 8;
const LLM = 16;
const CAPTURED = 32;
const CAPTURED_BYTES = 8;
const FLAGS_OF = {
  [VISUAL]: DEGRADED | SYNTHETIC | WIDE_IDS | POSITIONS | LLM | CAPTURED,
  [MOTION]: DEGRADED | WIDE_IDS | LLM | CAPTURED,
};

/** What a binary message refers to: the `start` last received on the same connection. */
export type BinaryContext = Pick<StartMessage, 'epoch' | 'layout'>;

/** The form that a message has on a binary WebSocket. The caller owns the bytes. Throws a `WireError`. */
export function encodeBinary(message: Message): Uint8Array | string {
  if (message.type !== 'visual' && message.type !== 'motion') return JSON.stringify(message);
  const { ids } = message;
  const isVisual = message.type === 'visual';
  const positions = isVisual && message.positions !== undefined ? fromBase64(message.positions) : undefined;
  const idBytes = ids.some((id) => id > 0xffff) ? 4 : 2;
  const idsBegin = HEADER_BYTES + (message.captured === undefined ? 0 : CAPTURED_BYTES);
  const idsEnd = idsBegin + ids.length * idBytes;
  const bytes = new Uint8Array(idsEnd + (positions?.length ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, isVisual ? VISUAL : MOTION);
  view.setUint8(1, flagsOf(message, idBytes === 4));
  view.setUint16(2, within(ids.length, 0xffff, 'number of ids'), true);
  view.setUint32(4, within(message.seq, 0xffff_ffff, 'seq'), true);
  view.setBigUint64(8, BigInt(message.pts), true);
  view.setFloat64(16, message.received, true);
  view.setFloat64(24, message.emitted, true);
  view.setUint32(32, within(message.clip, 0xffff_ffff, 'clip'), true);
  view.setUint32(36, within(isVisual ? message.shot : message.chunk, 0xffff_ffff, 'shot or chunk'), true);
  if (!isVisual) {
    view.setUint32(40, within(message.duration, 0xffff_ffff, 'duration'), true);
    view.setUint8(44, within(message.fields, 0xff, 'fields'));
  }
  view.setUint16(46, within(positions?.length ?? 0, 0xffff, 'bytes of positions'), true);
  if (message.captured !== undefined) view.setFloat64(HEADER_BYTES, message.captured, true);
  ids.forEach((id, index) => {
    if (idBytes === 4) view.setUint32(idsBegin + index * 4, id, true);
    else view.setUint16(idsBegin + index * 2, id, true);
  });
  if (positions) bytes.set(positions, idsEnd);
  return bytes;
}

/**
 * Reads either form of a message; `context` is the connection's last `start`. `undefined` for a text message of a type
 * that this version does not know. Throws a `WireError`.
 */
export function decodeBinary(
  data: Uint8Array | string,
  context: BinaryContext | undefined,
): Message | undefined {
  if (typeof data === 'string') return parseMessage(data);
  if (!context) throw new WireError('a binary message comes after a start');
  const header = readHeader(data);
  const { view, flags } = header;
  const common = {
    epoch: context.epoch,
    seq: view.getUint32(4, true),
    pts: header.pts,
    received: header.received,
    emitted: header.emitted,
    ...(flags & CAPTURED && { captured: readMillis(view, HEADER_BYTES) }),
    clip: view.getUint32(32, true),
    ids: header.ids,
    ...(flags & DEGRADED && { degraded: true as const }),
  };
  const message: VisualMessage | MotionMessage =
    header.type === VISUAL
      ? {
          type: 'visual',
          ...common,
          shot: view.getUint32(36, true),
          keyframe: flags & SYNTHETIC ? 'synthetic' : 'coded',
          ...(flags & POSITIONS && { positions: toBase64(header.positions) }),
        }
      : {
          type: 'motion',
          ...common,
          chunk: view.getUint32(36, true),
          fields: view.getUint8(44),
          duration: view.getUint32(40, true),
        };
  if (flags & LLM) message.llm = llmIdsOf(message, context.layout.llm);
  return message;
}

function flagsOf(message: VisualMessage | MotionMessage, areIdsWide: boolean): number {
  const isVisual = message.type === 'visual';
  return (
    (message.degraded ? DEGRADED : 0) |
    (isVisual && message.keyframe === 'synthetic' ? SYNTHETIC : 0) |
    (areIdsWide ? WIDE_IDS : 0) |
    (isVisual && message.positions !== undefined ? POSITIONS : 0) |
    (message.llm ? LLM : 0) |
    (message.captured === undefined ? 0 : CAPTURED)
  );
}

function within(value: number, max: number, name: string): number {
  if (value <= max) return value;
  throw new WireError(`${name} must be at most ${max} in the binary form, got ${value}`);
}

function readHeader(data: Uint8Array) {
  if (data.length < HEADER_BYTES)
    throw new WireError(`a binary message has at least ${HEADER_BYTES} bytes, got ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const type = view.getUint8(0);
  if (type !== VISUAL && type !== MOTION)
    throw new WireError(`a binary message is of type 1 or 2, got ${type}`);
  const flags = view.getUint8(1);
  if (flags & ~FLAGS_OF[type]) throw new WireError(`unknown flags ${flags} for type ${type}`);
  const idBytes = flags & WIDE_IDS ? 4 : 2;
  const idsBegin = HEADER_BYTES + (flags & CAPTURED ? CAPTURED_BYTES : 0);
  const idsEnd = idsBegin + view.getUint16(2, true) * idBytes;
  const positionBytes = view.getUint16(46, true);
  if (!(flags & POSITIONS) && positionBytes > 0) throw new WireError('positions without their flag');
  if (idsEnd + positionBytes !== data.length)
    throw new WireError(`the counts say ${idsEnd + positionBytes} bytes, got ${data.length}`);
  const unused = type === VISUAL ? view.getUint32(40, true) | view.getUint16(44, true) : view.getUint8(45);
  if (unused !== 0) throw new WireError('unused bytes of the header must be 0');
  if (type === MOTION && view.getUint8(44) === 0)
    throw new WireError('a motion message has at least 1 field');
  const pts = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(pts)) throw new WireError(`pts must be below 2^53, got ${pts}`);
  return {
    view,
    type,
    flags,
    pts,
    received: readMillis(view, 16),
    emitted: readMillis(view, 24),
    ids: readIds(view, { begin: idsBegin, end: idsEnd, idBytes }),
    positions: data.subarray(idsEnd),
  };
}

function readMillis(view: DataView, offset: number): number {
  const value = view.getFloat64(offset, true);
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) throw new WireError(`not a time in ms: ${value}`);
  return value;
}

function readIds(view: DataView, place: { begin: number; end: number; idBytes: 2 | 4 }): number[] {
  const ids: number[] = [];
  for (let at = place.begin; at < place.end; at += place.idBytes)
    ids.push(place.idBytes === 4 ? view.getUint32(at, true) : view.getUint16(at, true));
  return ids;
}
