import type { Message } from './messages.ts';
import { WireError } from './wire-error.ts';

type Kind = 'string' | 'number' | 'object' | 'ids';
type Required<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: Kind };

/**
 * The fields that each message must have. The receiving side of the schemas in `messages.ts`, which a test holds it
 * equal to: small enough for a browser, and open to fields that a newer server adds.
 */
export const REQUIRED_FIELDS: { readonly [M in Message as M['type']]: Required<Omit<M, 'type'>> } = {
  start: {
    v: 'number',
    stream: 'string',
    epoch: 'string',
    seq: 'number',
    pack: 'object',
    codec: 'string',
    width: 'number',
    height: 'number',
    displayAspect: 'number',
    motionSource: 'string',
    motionFps: 'number',
    layout: 'object',
    provider: 'string',
    runtime: 'object',
  },
  visual: {
    epoch: 'string',
    seq: 'number',
    pts: 'number',
    received: 'number',
    emitted: 'number',
    clip: 'number',
    shot: 'number',
    keyframe: 'string',
    ids: 'ids',
  },
  motion: {
    epoch: 'string',
    seq: 'number',
    pts: 'number',
    received: 'number',
    emitted: 'number',
    clip: 'number',
    chunk: 'number',
    fields: 'number',
    duration: 'number',
    ids: 'ids',
  },
  gap: { epoch: 'string', seq: 'number', from: 'number', to: 'number', reason: 'string', dropped: 'number' },
  end: { epoch: 'string', seq: 'number', reason: 'string' },
  skip: { from: 'string', to: 'string', reason: 'string' },
  goaway: { inMs: 'number' },
};

/** Reads the text form of a message. `undefined` for a type that this version does not know. Throws a `WireError`. */
export function parseMessage(text: string): Message | undefined {
  const value = parseObject(text);
  const type = value.type;
  if (typeof type !== 'string') throw new WireError('a message has a type');
  if (!Object.hasOwn(REQUIRED_FIELDS, type)) return undefined;
  const fields: Readonly<Record<string, Kind>> = REQUIRED_FIELDS[type as Message['type']];
  for (const [name, kind] of Object.entries(fields)) {
    if (!isOfKind(value[name], kind)) throw new WireError(`${type}.${name} must be of kind ${kind}`);
  }
  return value as unknown as Message;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WireError('a text message is JSON', { cause });
  }
  if (typeof value !== 'object' || value === null) throw new WireError('a message is an object');
  return value as Record<string, unknown>;
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'ids') return Array.isArray(value) && value.every((id) => Number.isInteger(id) && id >= 0);
  return typeof value === kind && value !== null;
}
