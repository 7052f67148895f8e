import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import { connect } from '../../client-sdk/index.ts';
import type { Message } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { paceByMedia } from '../../pipeline/demux/pace.ts';
import { loadConfig } from '../config.ts';
import { projectFile } from '../project-files.ts';
import { startServer } from '../start.ts';
import { addConfigOptions } from './config-options.ts';
import { untilInterrupted } from './until-interrupted.ts';

const STREAM = 'demo';
const PRINTED_MESSAGES = 12;

/** `kinoglyph demo`: the server with the shipped sample, published in a loop through the public ingest. */
export const demoCommand = (): Command =>
  addConfigOptions(
    new Command('demo').description('Run the server and publish a sample in a loop, at its real rate.'),
  ).action(async ({ config: file, ...flags }: Record<string, unknown> & { config?: string }) => {
    const config = loadConfig({ flags: { logLevel: 'warn', ...flags }, file });
    process.stdout.write('kinoglyph: loading the pack and warming up …\n');
    const server = await startServer(config);
    const abort = new AbortController();
    const stream = connect(server.url).stream(STREAM);
    const published = stream
      .publish(loop(config.maxUnitBytes, abort.signal), { delivery: 'live', signal: abort.signal })
      .catch(ignoreAbort(abort.signal));
    const printed = printFirst(stream.tokens({ signal: abort.signal })).catch(ignoreAbort(abort.signal));
    process.stdout.write(`kinoglyph: Studio is at ${server.url}/#${STREAM}   (Ctrl+C ends)\n`);
    await untilInterrupted();
    abort.abort();
    await Promise.all([published, printed]);
    await server.close();
  });

async function* loop(maxUnitBytes: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (!signal.aborted) {
    const file = createReadStream(projectFile('examples', 'media', 'city.mpegts'), { highWaterMark: 4096 });
    yield* paceByMedia(file, { maxUnitBytes, now: nowMillis, signal });
  }
}

async function printFirst(messages: AsyncIterable<Message>): Promise<void> {
  let printed = 0;
  for await (const message of messages) {
    process.stdout.write(`${abridge(message)}\n`);
    printed += 1;
    if (printed === PRINTED_MESSAGES) break;
  }
  process.stdout.write('kinoglyph: … and so on; watch it in Studio.\n');
}

/** One line of a message, its ids cut to the first few. */
function abridge(message: Message): string {
  if (message.type !== 'visual' && message.type !== 'motion') return JSON.stringify(message);
  const { ids, ...rest } = message;
  return `${JSON.stringify(rest).slice(0, -1)},"ids":[${ids.slice(0, 8).join(',')}${ids.length > 8 ? `,… ${ids.length}` : ''}]}`;
}

const ignoreAbort =
  (signal: AbortSignal) =>
  (error: unknown): void => {
    if (!signal.aborted) throw error;
  };
