import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../client-sdk/index.ts';
import { decodeLlmIds } from '../client-sdk/protocol/llm-ids.ts';
import type { JournalMessage } from '../client-sdk/protocol/messages.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../pipeline/models/pack.ts';
import { layoutOf } from '../pipeline/models/pack-manifest.ts';
import type { RunningServer } from '../server/start.ts';
import { LADDER, LADDER_PACK } from './support/packs.ts';
import { journalOf, publishClip, readFeed, visualsOf } from './support/published-clip.ts';
import { inPieces, readMedia, tokenizeAll, tokensOf } from './support/tokenize-bytes.ts';

const CLIP = 'wanna-h264-aac.ts';
/** Between the grids of 108 and 256 ids, of which the smaller is taken. */
const ASKED = 200;
const [SMALL, MIDDLE] = LADDER;

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;
let offline: readonly JournalMessage[];

const open = (keyframeTokens: number): Promise<OnnxTokenEncoder> =>
  createTokenEncoder(pack, { provider: 'cpu', workers: 1, keyframeTokens });
const tokenized = async (by: OnnxTokenEncoder, ...sizes: readonly number[]): Promise<JournalMessage[]> =>
  tokenizeAll(inPieces(await readMedia(CLIP), ...sizes), { pack, encoder: by });

beforeAll(async () => {
  pack = await loadPack(LADDER_PACK);
  encoder = await open(ASKED);
  offline = await tokenized(encoder, 4096);
});
afterAll(() => encoder.close());

describe('keyframes on a grid of a ladder', () => {
  it('have one id for each position of the grid that start tells', () => {
    expect(offline[0]).toMatchObject({ type: 'start', layout: { visual: { ...MIDDLE, dynamic: false } } });
    const visuals = visualsOf(offline);
    expect(visuals.length).toBeGreaterThan(1);
    for (const visual of visuals) {
      expect(visual.ids).toHaveLength(108);
      expect(visual).not.toHaveProperty('positions');
    }
  });

  it('are a pure function of their pictures', async () => {
    expect(tokensOf(await tokenized(encoder, 1, 7, 188, 1000, 3))).toEqual(tokensOf(offline));
  });

  it('change with the grid, as motion does not', async () => {
    await using sparing = await open(64);
    const messages = await tokenized(sparing, 4096);
    expect(messages[0]).toMatchObject({ layout: { visual: SMALL } });
    for (const { ids } of visualsOf(messages)) expect(ids).toHaveLength(64);
    const motionOf = (all: readonly JournalMessage[]) => all.filter(({ type }) => type === 'motion');
    expect(tokensOf(motionOf(messages))).toEqual(tokensOf(motionOf(offline)));
  });
});

describe('a server with keyframeTokens', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await publishClip(CLIP, { pack: 'pack-ladder', keyframeTokens: ASKED });
  });
  afterAll(() => server.close());

  it('gives the ids of the file, in JSON and binary', async () => {
    const messages = await readFeed(server);
    expect(tokensOf(journalOf(messages))).toEqual(tokensOf(offline));
    expect(journalOf(await readFeed(server, 'binary'))).toEqual(journalOf(messages));
  });

  it('gives flat ids without any for positions', async () => {
    const layout = layoutOf(pack.manifest, { keyframeTokens: ASKED });
    for (const { ids, llm } of visualsOf(await readFeed(server))) {
      expect(llm).toHaveLength(ids.length + 2);
      expect(decodeLlmIds(llm ?? [], layout)).toEqual({ type: 'visual', ids });
    }
  });

  it('tells the grid in start, and its number of ids with the stream', async () => {
    const [start] = await readFeed(server);
    expect(start).toMatchObject({ layout: { visual: MIDDLE } });
    expect((await connect(server.url).stream('cam').info()).media?.keyframeTokens).toBe(108);
  });

  it('shows the reconstruction', async () => {
    const picture = await fetch(`${server.url}/v1/streams/cam/preview.jpg`);
    expect(picture.status).toBe(200);
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
  });
});
