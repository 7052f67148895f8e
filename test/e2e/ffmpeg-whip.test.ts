import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { textOf } from '../support/programs.ts';
import { recordingEngine, tokenizeRecorded } from '../support/recording-engine.ts';
import { openTestEngine, publisherOf, startTestServer } from '../support/test-server.ts';
import { mediaFixture, tokensOf } from '../support/tokenize-bytes.ts';

const PUBLISHER = join(import.meta.dirname, '../support/ffmpeg-whip.mjs');
const PICTURES = 75;

// Its offer says a=setup:passive: the server begins the handshake.
test("takes what ffmpeg's own WHIP output sends, to the last picture", { timeout: 60_000 }, async () => {
  const engine = await openTestEngine();
  const recording = recordingEngine(engine);
  const server = await startTestServer(recording);
  const url = `${server.url}/v1/streams/cam/whip`;
  const child = spawn(process.execPath, [PUBLISHER, mediaFixture('city-h264-p.ts'), url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const said = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  const session = await publisherOf(server.app, 'cam');
  const { summary } = await session.done;
  expect(summary).toMatchObject({ reason: 'finished', accessUnits: PICTURES, gaps: [] });
  expect([await ended, (await said)[0]]).toEqual([[0, null], `${PICTURES} packets\n`]);
  expect(session.rtp?.packets).toMatchObject({ lost: 0, ignored: 0 });
  const { journal } = server.app.registry.get('cam');
  const live = Array.from(
    { length: journal.endPosition - journal.firstPosition },
    (_, index) => journal.at(journal.firstPosition + index)!.message,
  );
  const offline = tokensOf(await tokenizeRecorded(engine, recording.recorded.get('cam')!));
  expect(tokensOf(live.slice(0, -1)).map(withoutStream)).toEqual(offline.map(withoutStream));
  await server[Symbol.asyncDispose]();
  await engine.close();
});

const withoutStream = ({ stream: _, ...rest }: { stream?: string }): object => rest;
