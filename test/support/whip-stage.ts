import type { Browser } from 'playwright-core';
import { connect } from '../../client-sdk/index.ts';
import type { Message } from '../../client-sdk/protocol/messages.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import type { Config } from '../../server/config.ts';
import { openCameraBrowser } from './camera-browser.ts';
import { type RecordingEngine, recordingEngine } from './recording-engine.ts';
import { openTestEngine, startTestServer, type TestEngine, type TestServer } from './test-server.ts';

const CLIP = { media: 'city-h264-p.ts', widthPx: 640, heightPx: 360, framesPerSecond: 25 };

/** A browser whose camera sees the city, and a server that keeps what it gets. */
export interface WhipStage extends AsyncDisposable {
  readonly browser: Browser;
  readonly engine: TestEngine;
  /** The engine of the server. */
  readonly recording: RecordingEngine;
  readonly server: TestServer;
  /** Everything that a stream's newest epoch said, up to its end. */
  messagesOf(stream: string): Promise<Message[]>;
}

/** Opens browser and server, of which a test file needs one each. */
export async function openWhipStage(flags: Partial<Config> = {}): Promise<WhipStage> {
  const scope = new Scope();
  try {
    const engine = await openTestEngine();
    scope.defer(() => engine.close());
    const recording = recordingEngine(engine);
    const server = await startTestServer(recording, flags);
    scope.defer(() => server[Symbol.asyncDispose]());
    const browser = await openCameraBrowser(CLIP);
    scope.defer(() => browser.close());
    return {
      browser,
      engine,
      recording,
      server,
      messagesOf: async (stream) => {
        const messages: Message[] = [];
        const tokens = connect(server.url).stream(stream).tokens({ from: 'earliest', until: 'end' });
        for await (const message of tokens) messages.push(message);
        return messages;
      },
      [Symbol.asyncDispose]: () => scope.close(),
    };
  } catch (error) {
    await scope.close();
    throw error;
  }
}
