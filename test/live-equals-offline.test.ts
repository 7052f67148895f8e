import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../client-sdk/index.ts';
import type { Message, MotionMessage, VisualMessage } from '../client-sdk/protocol/messages.ts';
import { loadConfig } from '../server/config.ts';
import { projectFile } from '../server/project-files.ts';
import { type RunningServer, startServer } from '../server/start.ts';
import { beforeGap } from './support/before-gap.ts';
import { hasProgram } from './support/programs.ts';

const SAMPLE = projectFile('examples', 'media', 'city.mpegts');
const run = promisify(execFile);

/** A clip's tokens, and where it stands in the media. */
type Tokens = readonly string[];

const tokensOf = (messages: readonly Message[]): Tokens =>
  messages
    .filter(
      (message): message is VisualMessage | MotionMessage =>
        message.type === 'visual' || message.type === 'motion',
    )
    .map(({ type, pts, clip, ids }) => `${type} ${pts} ${clip}: ${ids.join(' ')}`);

let server: RunningServer;
let folder: string;
let offline: Tokens;

const expectLive = (messages: readonly Message[]): void => {
  const live = tokensOf(beforeGap(messages));
  expect(live.length).toBeGreaterThan(3);
  expect(live).toEqual(offline.slice(0, live.length));
  if (!messages.some(({ type }) => type === 'gap')) expect(live).toHaveLength(offline.length);
};

const expectComplete = (messages: readonly Message[]): void => {
  expect(messages.filter(({ type }) => type === 'gap')).toEqual([]);
  expect(tokensOf(messages)).toEqual(offline);
};

const tokenized = async (...flags: readonly string[]): Promise<Message[]> => {
  const output = join(folder, 'tokens.ndjson');
  await run(process.execPath, [
    projectFile('dist/server/main.js'),
    'tokenize',
    SAMPLE,
    '-o',
    output,
    ...flags,
  ]);
  const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Message);
};

/** All messages of the stream's present epoch, up to its end. */
const follow = async (stream: string): Promise<Message[]> => {
  const messages: Message[] = [];
  for await (const message of connect(server.url).stream(stream).tokens({ from: 'earliest', until: 'end' })) {
    messages.push(message);
  }
  return messages;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinoglyph-'));
  server = await startServer(loadConfig({ env: {}, flags: { port: 0, logLevel: 'silent' } }));
  offline = tokensOf(await tokenized());
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('the ids of a stream are those of the file', () => {
  it('there are some', () => {
    expect(offline.filter((tokens) => tokens.startsWith('visual')).length).toBeGreaterThan(3);
    expect(offline.filter((tokens) => tokens.startsWith('motion')).length).toBeGreaterThan(6);
  });

  it('tokenized at the pace of the media', async () => {
    expectLive(await tokenized('--realtime'));
  });

  it('by WebSocket', async () => {
    const summary = await connect(server.url)
      .stream('by-ws')
      .publish(createReadStream(SAMPLE), { delivery: 'complete' });
    expect(summary).toMatchObject({ reason: 'finished', gaps: [] });
    expectComplete(await follow('by-ws'));
  });

  it.skipIf(!hasProgram('curl'))('by PUT at full speed, from curl', async () => {
    const { stdout } = await run('curl', ['-sS', '-T', SAMPLE, `${server.url}/v1/streams/by-curl`]);
    expect(JSON.parse(stdout)).toMatchObject({ reason: 'finished', gaps: [] });
    expectComplete(await follow('by-curl'));
  });

  it.skipIf(!hasProgram('ffmpeg'))(
    'by PUT at the pace of the media, from ffmpeg, live, while a subscriber waits',
    async () => {
      const following = follow('by-ffmpeg');
      const url = `${server.url}/v1/streams/by-ffmpeg?delivery=live`;
      // copyts keeps the file's own times, as a relay would.
      const ffmpeg = spawn('ffmpeg', [
        ...['-v', 'error', '-re', '-copyts', '-i', SAMPLE, '-c', 'copy'],
        ...['-f', 'mpegts', '-method', 'PUT', url],
      ]);
      const code = await new Promise((resolve) => ffmpeg.on('close', resolve));
      expect(code).toBe(0);
      expectLive(await following);
    },
  );
});
