import { describe, expect, it } from 'vitest';
import type { Message } from '../../../client-sdk/protocol/messages.ts';
import { readRecords } from '../../../server/cli/read-records.ts';

const EPOCH = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const START = JSON.stringify({
  type: 'start',
  v: 1,
  stream: 'file',
  epoch: EPOCH,
  seq: 0,
  pack: {},
  codec: 'h264',
  width: 320,
  height: 180,
  displayAspect: 1.78,
  motionSource: 'bitstream',
  motionFps: 12,
  layout: {},
  provider: 'cpu',
  runtime: {},
});
const END = JSON.stringify({ type: 'end', epoch: EPOCH, seq: 1, reason: 'finished' });

async function read(text: string, { cutAt }: { cutAt?: number } = {}): Promise<Message['type'][]> {
  const bytes = new TextEncoder().encode(text);
  async function* source(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, cutAt);
    if (cutAt !== undefined) yield bytes.subarray(cutAt);
  }
  const types: Message['type'][] = [];
  for await (const message of readRecords(source(), { name: 'a.ndjson' })) types.push(message.type);
  return types;
}

describe('readRecords', () => {
  it('gives the messages wherever the bytes are cut', async () => {
    const text = `${START}\n\n${END}\n`;
    for (let cutAt = 0; cutAt <= text.length; cutAt += 7)
      expect(await read(text, { cutAt })).toEqual(['start', 'end']);
  });

  it('takes a last line without its line feed, if it is whole', async () => {
    expect(await read(`${START}\n${END}`)).toEqual(['start', 'end']);
  });

  it('skips messages of a type that it does not know', async () => {
    expect(await read(`${START}\n{"type":"weather"}\n${END}\n`)).toEqual(['start', 'end']);
  });

  it('tells the line that is cut off', async () => {
    await expect(read(`${START}\n${END.slice(0, 30)}`)).rejects.toThrow(
      'a.ndjson, line 2, which is cut off: a text message is JSON, got "{\\"type\\":\\"end\\"',
    );
  });

  it('tells the line that is no record', async () => {
    await expect(read(`${START}\n\nhello\n`)).rejects.toMatchObject({
      code: 'bad-request',
      message: 'a.ndjson, line 3: a text message is JSON, got "hello"',
    });
    await expect(read(`${START}\n{"type":"end"}\n`)).rejects.toThrow(
      'line 2: end.epoch must be of kind string',
    );
  });

  it('wants a start first', async () => {
    await expect(read(`${END}\n`)).rejects.toThrow('line 1: a start must come first, got end');
  });

  it('refuses an input without any record', async () => {
    await expect(read('')).rejects.toThrow('a.ndjson holds no record');
    await expect(read('\n\n')).rejects.toThrow('a.ndjson holds no record');
  });

  it('refuses what has no lines', async () => {
    await expect(read('x'.repeat(5 * 1024 * 1024))).rejects.toThrow('at most 4194304 characters');
  });
});
