/** The whole chain with a pack whose motion is coded in view of the chunk before; see test/fixtures/make-context-pack.py. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import type { Detokenizer } from '../../client-sdk/reconstruct/detokenizer.ts';
import { Reconstructor } from '../../client-sdk/reconstruct/reconstructor.ts';
import { createOnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../pipeline/models/pack.ts';
import type { TokenEncoder } from '../../pipeline/models/token-encoder.ts';
import type { TokenizeOptions } from '../../pipeline/tokenizer.ts';
import type { Chunk, Keyframe } from '../../pipeline/types.ts';
import { beforeGap } from '../support/before-gap.ts';
import { failingAtChunk } from '../support/failing-encoder.ts';
import { CONTEXT_PACK } from '../support/packs.ts';
import { inPieces, readMedia, tokenizeAll, tokensOf } from '../support/tokenize-bytes.ts';

/** Three clips of a second. */
const CLIPS = 'city-h264-p.h264';
/** A clip of more than two seconds, and what is left of three. */
const LONG_CLIP = 'city-hevc.hevc';

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;

beforeAll(async () => {
  pack = await loadPack(CONTEXT_PACK);
  encoder = await createTokenEncoder(pack, { workers: 2, provider: 'cpu' });
});
afterAll(() => encoder.close());

const tokenized = async (
  media: Uint8Array,
  { sizes = [4096], ...options }: Partial<TokenizeOptions> & { sizes?: readonly number[] } = {},
): Promise<JournalMessage[]> =>
  tokenizeAll(inPieces(media, ...sizes), { pack, encoder, framesPerSecond: 25, ...options });

/** The messages of an elementary stream, and the chunks that they were made of. */
async function observed(
  media: Uint8Array,
  port: TokenEncoder = encoder,
): Promise<{ messages: JournalMessage[]; chunks: Chunk[] }> {
  const chunks: Chunk[] = [];
  const onItem = (item: Keyframe | Chunk): void => {
    if (item.type === 'chunk') chunks.push(item);
  };
  const probe = { onUnit: () => {}, onPicture: () => {}, onItem };
  return { messages: await tokenized(media, { encoder: port, probe }), chunks };
}

/** What a chunk itself shows, and the fields of the one before in its clip. */
function partsOf(chunks: readonly Chunk[], place: { clip: number; chunk: number }) {
  const at = (chunk: number) => chunks.find((each) => each.clip === place.clip && each.chunk === chunk);
  const { motion, mask, luma } = at(place.chunk)!;
  const before = at(place.chunk - 1);
  return {
    own: { motion, mask, luma },
    previous: before && { motion: before.motion, mask: before.mask },
  };
}

/** Ids of each visual and motion message, with the chunk's number in its clip. */
const idsOf = (messages: readonly JournalMessage[]): string[] =>
  messages.flatMap((message) => {
    if (message.type === 'visual') return [`visual: ${message.ids.join(' ')}`];
    return message.type === 'motion' ? [`motion ${message.chunk}: ${message.ids.join(' ')}`] : [];
  });

/** An elementary stream, cut before each sequence parameter set: where a clip begins. */
function cutAtClips(bytes: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at + 4 < bytes.length; at++) {
    const isStart = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 1;
    if (isStart && (bytes[at + 4]! & 0x1f) === 7) starts.push(at);
  }
  return starts.map((from, index) => bytes.slice(from, starts[index + 1]));
}

describe('the ids of a chunk', () => {
  it('follow from its own fields and those of the chunk before, and from nothing older', async () => {
    const { messages, chunks } = await observed(await readMedia(LONG_CLIP));
    const motion = messages.filter((message) => message.type === 'motion');
    expect(motion.filter(({ chunk }) => chunk > 1).length).toBeGreaterThan(1);
    for (const { clip, chunk, ids } of motion) {
      const { own, previous } = partsOf(chunks, { clip, chunk });
      expect(previous === undefined).toBe(chunk === 0);
      const inView = await encoder.encodeMotion({ ...own, previous }, { isLive: false });
      expect([...inView], `chunk ${chunk}`).toEqual(ids);
      if (!previous) continue;
      const alone = await encoder.encodeMotion(own, { isLive: false });
      expect([...alone], `chunk ${chunk} without the one before`).not.toEqual(ids);
    }
  });

  it('are the same however the bytes are split, and live as offline', async () => {
    const bytes = await readMedia(CLIPS);
    const whole = tokensOf(await tokenized(bytes));
    expect(whole.filter((message) => 'chunk' in message).length).toBeGreaterThan(4);
    expect(tokensOf(await tokenized(bytes, { sizes: [1, 7, 188, 1000, 3] }))).toEqual(whole);
    // All of it arrives at once, so the window must hold it.
    const limits = { maxUnitBytes: 2 ** 24, maxPixels: 1e6, windowUnits: 1000, windowBytes: 2 ** 25 };
    const live = await tokenized(bytes, { delivery: 'live', limits });
    const kept = beforeGap(live);
    expect(kept.length).toBeGreaterThan(1);
    expect(tokensOf(kept)).toEqual(whole.slice(0, kept.length));
  });

  it('are the same where the stream begins at any other clip', async () => {
    const bytes = await readMedia(CLIPS);
    const clips = cutAtClips(bytes);
    expect(clips).toHaveLength(3);
    const whole = idsOf(await tokenized(bytes));
    for (let from = 1; from < clips.length; from++) {
      const rest = idsOf(await tokenized(new Uint8Array(Buffer.concat(clips.slice(from)))));
      expect(rest.filter((ids) => ids.startsWith('visual'))).toHaveLength(clips.length - from);
      expect(rest.filter((ids) => ids.startsWith('motion 1'))).toHaveLength(clips.length - from);
      expect(rest).toEqual(whole.slice(-rest.length));
    }
  });

  it('start anew in the clip that follows a chunk that was lost', async () => {
    const { messages, chunks } = await observed(await readMedia(LONG_CLIP), failingAtChunk(encoder, 2));
    expect(messages.filter(({ type }) => type === 'gap')).toMatchObject([{ reason: 'inference' }]);
    const after = messages.slice(messages.findIndex(({ type }) => type === 'gap') + 1);
    const motion = after.filter((message) => message.type === 'motion');
    expect(motion.filter(({ chunk }) => chunk > 0).length).toBeGreaterThan(0);
    for (const { clip, chunk, ids } of motion) {
      const { own, previous } = partsOf(chunks, { clip, chunk });
      expect(ids).toEqual([...(await encoder.encodeMotion({ ...own, previous }, { isLive: false }))]);
    }
  });
});

describe('the pictures', () => {
  it('of a chunk follow from its ids and those of the chunk before', async () => {
    await using detokenizer = await createOnnxDetokenizer(pack);
    const forgetful: Detokenizer = {
      ...detokenizer,
      decodeMotion: (ids) => detokenizer.decodeMotion(ids, { previousIds: undefined }),
    };
    const messages = await tokenized(await readMedia(LONG_CLIP));
    const motionOf = async (port: Detokenizer): Promise<{ chunk: number; sums: number[] }[]> => {
      const reconstructor = Reconstructor.create({ detokenizer: port });
      const decoded: { chunk: number; sums: number[] }[] = [];
      for (const message of messages) {
        const pictures = await reconstructor.push(message);
        if (message.type !== 'motion') continue;
        const sums = pictures.map(({ motion }) => motion?.dx.reduce((sum, each) => sum + each, 0) ?? 0);
        decoded.push({ chunk: message.chunk, sums });
      }
      return decoded;
    };
    const inView = await motionOf(detokenizer);
    const alone = await motionOf(forgetful);
    expect(inView.filter(({ chunk }) => chunk > 1).length).toBeGreaterThan(1);
    for (const [at, each] of inView.entries()) {
      if (each.chunk === 0) expect(each).toEqual(alone[at]);
      else expect(each).not.toEqual(alone[at]);
    }
  });
});
