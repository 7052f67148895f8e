import type { Message } from '../../client-sdk/protocol/messages.ts';
import { parseMessage } from '../../client-sdk/protocol/parse-message.ts';
import { ProtocolError, reasonOf } from '../../pipeline/errors.ts';

/** Longest record, characters: far above what any pack's message takes. */
const MAX_LINE_LENGTH = 4 * 1024 * 1024;

/**
 * Reads NDJSON records as `tokenize` writes them and `curl -N` prints them, skipping blank lines and messages of unknown
 * type. Rejects with a `ProtocolError` that tells the line where one is not a record or comes before the first `start`,
 * and where there is no record at all.
 */
export async function* readRecords(
  source: AsyncIterable<Uint8Array>,
  { name }: { name: string },
): AsyncGenerator<Message> {
  let line = 0;
  let records = 0;
  let hasStart = false;
  for await (const { text, isWhole } of splitLines(source, name)) {
    line += 1;
    if (text.trim() === '') continue;
    const place = `${name}, line ${line}${isWhole ? '' : ', which is cut off'}`;
    const message = parseRecord(text, place);
    records += 1;
    if (!message) continue;
    hasStart ||= message.type === 'start';
    if (!hasStart && 'epoch' in message)
      throw new ProtocolError('bad-request', `${place}: a start must come first, got ${message.type}`);
    yield message;
  }
  if (records === 0) throw new ProtocolError('bad-request', `${name} holds no record`);
}

function parseRecord(text: string, place: string): Message | undefined {
  try {
    return parseMessage(text);
  } catch (cause) {
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    throw new ProtocolError('bad-request', `${place}: ${reasonOf(cause)}, got ${JSON.stringify(shown)}`, {
      cause,
    });
  }
}

/** `isWhole` is false for a last line without its line feed. */
async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<{ text: string; isWhole: boolean }> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of source) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH)
      throw new ProtocolError('bad-request', `${name}: a record has at most ${MAX_LINE_LENGTH} characters`);
    for (const text of lines) yield { text, isWhole: true };
  }
  rest += decoder.decode();
  if (rest !== '') yield { text: rest, isWhole: false };
}
