import { WireError } from './wire-error.ts';

/** A place in a stream's history: the message with this `seq` of this epoch, written `epoch:seq`. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

/** Crockford's base 32 as ULIDs use it. */
const CURSOR = /^([0-9A-HJKMNP-TV-Z]{26}):(0|[1-9][0-9]{0,15})$/;

/** Reads an untrusted `epoch:seq`. Throws a `WireError`. */
export function parseCursor(text: string): Cursor {
  const match = CURSOR.exec(text);
  const seq = Number(match?.[2]);
  if (!match?.[1] || !Number.isSafeInteger(seq))
    throw new WireError(`a cursor is <ULID>:<seq>, got ${JSON.stringify(text.slice(0, 80))}`);
  return { epoch: match[1], seq };
}

/** Writes the cursor of a message as it travels: in `?from=`, in `Last-Event-ID`, as the id of a server-sent event. */
export const formatCursor = ({ epoch, seq }: Cursor): string => `${epoch}:${seq}`;
