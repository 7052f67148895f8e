import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../client-sdk/index.ts';
import { decodeLlmIds } from '../client-sdk/protocol/llm-ids.ts';
import type { JournalMessage } from '../client-sdk/protocol/messages.ts';
import { cellsOf } from '../client-sdk/protocol/positions.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../pipeline/models/pack.ts';
import { layoutOf } from '../pipeline/models/pack-manifest.ts';
import { loadConfig } from '../server/config.ts';
import { type RunningServer, startServer } from '../server/start.ts';
import { DYNAMIC_PACK } from './support/packs.ts';
import { journalOf, publishClip, readFeed, visualsOf } from './support/published-clip.ts';
import { inPieces, readMedia, tokenizeAll, tokensOf } from './support/tokenize-bytes.ts';

const CLIP = 'wanna-h264-aac.ts';
const TOKENS = 100;

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;
let offline: readonly JournalMessage[];

const tokenized = async (by: OnnxTokenEncoder, ...sizes: readonly number[]): Promise<JournalMessage[]> =>
  tokenizeAll(inPieces(await readMedia(CLIP), ...sizes), { pack, encoder: by });

beforeAll(async () => {
  pack = await loadPack(DYNAMIC_PACK);
  encoder = await createTokenEncoder(pack, { provider: 'cpu', workers: 1, keyframeTokens: TOKENS });
  offline = await tokenized(encoder, 4096);
});
afterAll(() => encoder.close());

describe('keyframes of dynamic length', () => {
  it('have as many ids as their picture needs, each with its cell', () => {
    const visuals = visualsOf(offline);
    expect(new Set(visuals.map(({ ids }) => ids.length)).size).toBeGreaterThan(1);
    for (const { ids, positions } of visuals) expect(cellsOf(positions ?? '')).toHaveLength(ids.length);
  });

  it('are a pure function of their pictures', async () => {
    expect(tokensOf(await tokenized(encoder, 1, 7, 188, 1000, 3))).toEqual(tokensOf(offline));
  });

  it('keep fewer cells for a smaller number, and no others', async () => {
    await using sparing = await createTokenEncoder(pack, {
      ...{ provider: 'cpu', workers: 1, keyframeTokens: 80 },
    });
    const visuals = visualsOf(await tokenized(sparing, 4096));
    expect(visuals).toHaveLength(visualsOf(offline).length);
    visualsOf(offline).forEach(({ positions }, at) => {
      const [many, few] = [cellsOf(positions ?? ''), cellsOf(visuals[at]?.positions ?? '')];
      expect(few.length).toBeLessThan(many.length);
      expect(few.filter((cell) => !many.includes(cell))).toEqual([]);
    });
  });
});

describe('a server with keyframeTokens', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await publishClip(CLIP, { pack: 'pack-dynamic', keyframeTokens: TOKENS });
  });
  afterAll(() => server.close());

  it('gives the ids and positions of the file, in JSON and binary', async () => {
    const messages = await readFeed(server);
    expect(tokensOf(journalOf(messages))).toEqual(tokensOf(offline));
    expect(journalOf(await readFeed(server, 'binary'))).toEqual(journalOf(messages));
  });

  it('gives flat ids that carry the positions', async () => {
    const layout = layoutOf(pack.manifest, { keyframeTokens: TOKENS });
    for (const format of ['json', 'binary'] as const) {
      const visuals = visualsOf(await readFeed(server, format));
      expect(visuals.length).toBeGreaterThan(1);
      for (const { ids, positions, llm } of visuals)
        expect(decodeLlmIds(llm ?? [], layout)).toEqual({ type: 'visual', ids, positions });
    }
  });

  it('tells the number in start, and with the stream', async () => {
    const [start] = await readFeed(server);
    expect(start).toMatchObject({
      layout: { visual: { dynamic: true, tokens: TOKENS }, llm: { skipOffset: 37_124 } },
    });
    const { media } = await connect(server.url).stream('cam').info();
    expect(media?.keyframeTokens).toBe(TOKENS);
  });

  it('shows the reconstruction', async () => {
    const picture = await fetch(`${server.url}/v1/streams/cam/preview.jpg`);
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
  });
});

it('a server whose pack has no such number does not start', async () => {
  const flags = { logLevel: 'silent', port: 0, pack: 'pack-dynamic', models: join(DYNAMIC_PACK, '..') };
  await expect(
    startServer(loadConfig({ env: { KINOGLYPH_KEYFRAME_TOKENS: '300' }, flags })),
  ).rejects.toMatchObject({
    code: 'bad-config',
    message: 'keyframeTokens must be a whole number of 32 to 256 for the pack pack-dynamic, got 300',
  });
});
