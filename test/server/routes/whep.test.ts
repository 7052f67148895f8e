import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeUnits } from '../../support/decode-video.ts';
import {
  MEDIA,
  openTestEngine,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';
import { openWhepClient } from '../../support/whep-client.ts';

const CLIP = readFileSync(join(MEDIA, 'city-h264-p.ts'));

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

const publish = ({ url }: TestServer): Promise<Response> =>
  fetch(`${url}/v1/streams/cam`, { method: 'PUT', body: CLIP });

describe('a viewer', () => {
  it.each(['h264', 'vp8'] as const)(
    'gets the reconstruction as %s, from before the publisher came',
    async (codec) => {
      await using server = await startTestServer(engine);
      await using viewer = await openWhepClient({ url: server.url, stream: 'cam', codec });
      await expect.poll(() => server.app.registry.viewers).toBe(1);
      await publish(server);
      await expect.poll(() => viewer.units.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
      expect(viewer.units[0]!.isKeyframe).toBe(true);
      expect(Math.max(...viewer.packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1188);
      const pictures = await decodeUnits(codec, viewer.units);
      expect(pictures.length).toBeGreaterThanOrEqual(5);
      expect(pictures[0]).toMatchObject({ widthPx: 456, heightPx: 256 });
    },
  );
});
