import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { livePictures } from '../../pipeline/codec/node-av-picture.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../pipeline/models/pack.ts';
import { createCounters } from '../../pipeline/tokenizer.ts';
import { projectFile } from '../../server/project-files.ts';
import { failingAtChunk } from '../support/failing-encoder.ts';
import { inPieces, readMedia, tokenizeAll, tokensOf } from '../support/tokenize-bytes.ts';

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;

beforeAll(async () => {
  pack = await loadPack(projectFile('models', 'kino-mini'));
  encoder = await createTokenEncoder(pack, { workers: 2 });
});

afterAll(async () => {
  await encoder.close();
  expect(livePictures()).toBe(0);
});

const tokens = async (bytes: Uint8Array, ...sizes: readonly number[]): Promise<object[]> =>
  tokensOf(await tokenizeAll(inPieces(bytes, ...sizes), { pack, encoder }));

/** Clips as lists of ids, one list a message. */
const clipsOf = (messages: readonly JournalMessage[]): number[][][] => {
  const clips: number[][][] = [];
  for (const message of messages) {
    if (message.type === 'visual') clips.push([message.ids]);
    else if (message.type === 'motion') clips.at(-1)?.push(message.ids);
  }
  return clips;
};

describe('a clip is a pure function of its pictures', () => {
  it.each([
    'city-h264-p.ts',
    'city-h264-b.ts',
    'city-mpeg4.ts',
    'city-vp8.webm',
    'city-frag.mp4',
    'city-h264-p.h264',
  ])('splitting the bytes of %s anywhere changes nothing', async (name) => {
    const bytes = await readMedia(name);
    const whole = await tokens(bytes, bytes.length);
    expect(whole.filter((message) => 'clip' in message).length).toBeGreaterThan(3);
    expect(await tokens(bytes, 1, 7, 188, 1000, 3)).toEqual(whole);
    expect(await tokens(bytes, 4099)).toEqual(whole);
  });

  it('changing what comes after a chunk changes none of its ids', async () => {
    const bytes = await readMedia('city-h264-p.ts');
    const whole = await tokenizeAll(inPieces(bytes, 4096), { pack, encoder });
    // The last third of the bytes is gone: what was complete before stays as it was.
    const cut = await tokenizeAll(
      inPieces(bytes.slice(0, Math.floor((bytes.length * 2) / 3 / 188) * 188), 4096),
      {
        pack,
        encoder,
      },
    );
    // Visuals and full chunks by their time; a clip's last chunk is short because the clip ends.
    const complete = (messages: readonly JournalMessage[]): Map<string, number[]> =>
      new Map(
        messages.flatMap((message) =>
          message.type === 'visual' || (message.type === 'motion' && message.fields === 8)
            ? [[`${message.type} ${message.pts}`, message.ids] as const]
            : [],
        ),
      );
    const before = complete(whole);
    const after = complete(cut);
    expect(after.size).toBeGreaterThan(3);
    for (const [at, ids] of after) expect([at, ids]).toEqual([at, before.get(at)]);
  });

  it('eight streams at once give each the ids that it has alone', async () => {
    const names = ['city-h264-p.ts', 'city-mpeg4.ts', 'city-h264-b.ts', 'city-vp8.webm'];
    const inputs = await Promise.all(names.map(readMedia));
    const alone: object[][] = [];
    for (const bytes of inputs) alone.push(await tokens(bytes, 4096));
    const together = await Promise.all([...inputs, ...inputs].map((bytes) => tokens(bytes, 4096)));
    expect(together).toEqual([...alone, ...alone]);
  });

  it('a clip has the same ids wherever it stands in the stream', async () => {
    const bytes = await readMedia('city-h264-p.ts');
    const once = clipsOf(await tokenizeAll(inPieces(bytes, 4096), { pack, encoder }));
    const looped = new Uint8Array([...bytes, ...bytes]);
    const messages = await tokenizeAll(inPieces(looped, 4096), { pack, encoder });
    const twice = clipsOf(messages);
    expect(messages.filter((message) => message.type === 'gap')).toMatchObject([{ reason: 'discontinuity' }]);
    expect(twice.length).toBe(2 * once.length);
    expect(twice.slice(once.length)).toEqual(once);
  });
});

describe('what arrives is told', () => {
  it('messages come in media order with a start before the first visual', async () => {
    const messages = await tokenizeAll(inPieces(await readMedia('city-h264-b.ts'), 4096), { pack, encoder });
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index));
    expect(messages[0]).toMatchObject({ type: 'start', codec: 'h264', motionSource: 'reencode' });
    const times = messages.flatMap((message) => ('pts' in message ? [message.pts] : []));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBe(0);
  });

  it('a chunk that a model failed at ends its clip’s motion in one gap, and a keyframe is made', async () => {
    const counters = createCounters();
    const source = inPieces(await readMedia('city-h264-p.ts'), 1000);
    const messages = await tokenizeAll(source, { pack, encoder: failingAtChunk(encoder, 1), counters });
    expect(counters.inferenceFaults).toBe(1);
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index));
    const kinds = messages.map((message) => (message.type === 'visual' ? message.keyframe : message.type));
    expect(kinds.slice(0, 4)).toEqual(['start', 'coded', 'gap', 'synthetic']);
    expect(messages[2]).toMatchObject({
      reason: 'inference',
      from: 0,
      to: (messages[3] as { pts: number }).pts,
    });
    expect(kinds.filter((kind) => kind === 'gap')).toHaveLength(1);
  });

  it('a missing access unit marks exactly what depends on it', async () => {
    const bytes = await readMedia('city-h264-p.h264');
    const starts = nalStarts(bytes);
    const whole = await tokenizeAll(inPieces(bytes, 4096), { pack, encoder });
    // The 10th coded slice of the first GOP.
    const slices = starts.filter(({ type }) => type === 1);
    const dropped = slices[9]!;
    const damaged = new Uint8Array([...bytes.slice(0, dropped.from), ...bytes.slice(dropped.to)]);
    const messages = await tokenizeAll(inPieces(damaged, 4096), { pack, encoder });
    const gap = messages.find((message) => message.type === 'gap');
    expect(gap).toMatchObject({ reason: 'loss', dropped: 1 });
    const after = messages.slice(messages.indexOf(gap!) + 1);
    const firstClean = after.findIndex(
      (message) => message.type === 'visual' && message.keyframe === 'coded',
    );
    const isDegraded = (message: JournalMessage): boolean => 'degraded' in message;
    expect(messages.slice(0, messages.indexOf(gap!)).some(isDegraded)).toBe(false);
    expect(after.slice(0, firstClean).every(isDegraded)).toBe(true);
    expect(firstClean).toBeGreaterThan(0);
    expect(after.slice(firstClean).some(isDegraded)).toBe(false);
    // From the next clean keyframe on, all is as without the loss.
    expect(clipsOf(messages).slice(-1)).toEqual(clipsOf(whole).slice(-1));
  });
});

/** The NAL units of an Annex B stream with their types and byte ranges, start codes included. */
function nalStarts(bytes: Uint8Array): { type: number; from: number; to: number }[] {
  const found: { type: number; from: number; to: number }[] = [];
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    const from = bytes[at - 1] === 0 ? at - 1 : at;
    const last = found.at(-1);
    if (last) last.to = from;
    found.push({ type: bytes[at + 3]! & 0x1f, from, to: bytes.length });
  }
  return found;
}
