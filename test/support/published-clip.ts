import { dirname } from 'node:path';
import { connect } from '../../client-sdk/index.ts';
import { type JournalMessage, type Message, MessageSchema } from '../../client-sdk/protocol/messages.ts';
import { loadConfig } from '../../server/config.ts';
import { type RunningServer, startServer } from '../../server/start.ts';
import { TINY_PACK } from './packs.ts';
import { readMedia } from './tokenize-bytes.ts';

/** A server with a pack of the fixtures, to whose stream `cam` a clip has been published; the caller closes it. */
export async function publishClip(
  clip: string,
  { pack, keyframeTokens }: { pack: string; keyframeTokens: number },
): Promise<RunningServer> {
  const flags = {
    ...{ logLevel: 'silent', port: 0, workers: 1, provider: 'cpu', preview: 'always' },
    ...{ pack, models: dirname(TINY_PACK), keyframeTokens },
  };
  const server = await startServer(loadConfig({ env: {}, flags }));
  try {
    const body = Buffer.from(await readMedia(clip));
    const published = await fetch(`${server.url}/v1/streams/cam`, { method: 'PUT', body });
    if (published.status !== 201) throw new Error(`publishing ${clip} failed: ${await published.text()}`);
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** All messages of `cam`, with flat ids. */
export async function readFeed(
  { url }: Pick<RunningServer, 'url'>,
  format: 'json' | 'binary' = 'json',
): Promise<Message[]> {
  const messages: Message[] = [];
  const options = { from: 'earliest', until: 'end', layout: 'llm', format } as const;
  for await (const message of connect(url).stream('cam').tokens(options))
    messages.push(MessageSchema.parse(message));
  return messages;
}

/** The messages of a feed as a tokenization gives them: without their end, flat ids and what is told a subscriber only. */
export const journalOf = (messages: readonly Message[]): JournalMessage[] =>
  messages.flatMap((message) => {
    if (message.type === 'end' || !('seq' in message)) return [];
    const { llm, replay, stream, ...rest } = { llm: [], replay: true, stream: '', ...message };
    return [rest as JournalMessage];
  });

/** The keyframes among messages. */
export const visualsOf = (messages: readonly Message[]) =>
  messages.filter((message) => message.type === 'visual');
