import { describe, expect, expectTypeOf, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type ByteSource,
  connect,
  type PublishSummary,
  type WebSocketConstructor,
} from '../../client-sdk/index.ts';
import { EPOCH } from './arbitrary-messages.ts';
import { closed, ScriptedServer, type Visit } from './scripted-server.ts';

const SUMMARY: PublishSummary = {
  type: 'summary',
  stream: 'door',
  epoch: EPOCH,
  accessUnits: 3,
  messages: { start: 1, visual: 1, motion: 2, gap: 0 },
  gaps: [],
  durationUs: 1_000_000,
  reason: 'finished',
};

/** A server that takes a publication, and what it got. */
function taking(received: Buffer[], texts: string[] = []) {
  return {
    onConnect: ({ socket }: Visit) => {
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) received.push(data);
        else {
          texts.push(data.toString());
          finish(socket);
        }
      });
      socket.send(JSON.stringify({ type: 'accepted', epoch: EPOCH }));
    },
  };
}

function finish(socket: WebSocket): void {
  socket.send(JSON.stringify(SUMMARY));
  socket.close(1000);
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index * 7);

async function* piecesOf(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

/** A source that waits for ever after its first piece. */
function stuck(onReturn: () => void): AsyncIterable<Uint8Array> {
  let isFirst = true;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (!isFirst) return new Promise(() => undefined);
        isFirst = false;
        return Promise.resolve({ done: false, value: bytes(10) });
      },
      return: () => {
        onReturn();
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

const DATA = bytes(700_001);
const SOURCES: Record<string, () => ByteSource> = {
  'an async iterable': () => piecesOf(DATA, 100_000),
  'an array': () => [DATA.subarray(0, 5), DATA.subarray(5)],
  'a stream': () => new Blob([DATA]).stream(),
  'a stream that is no async iterable': () => {
    const stream = new Blob([DATA]).stream();
    return { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>;
  },
};

describe('publish', () => {
  it.each(Object.keys(SOURCES))('sends %s in messages of at most 256 KiB, then ends', async (name) => {
    const received: Buffer[] = [];
    const texts: string[] = [];
    await using server = await ScriptedServer.start(taking(received, texts));
    const progress: number[] = [];
    const summary = await connect(server.url, { token: 'secret' })
      .stream('door')
      .publish(SOURCES[name]!(), {
        delivery: 'complete',
        takeover: true,
        fps: 25,
        onProgress: ({ epoch, sentBytes }) => {
          expect(epoch).toBe(EPOCH);
          progress.push(sentBytes);
        },
      });
    expect(summary).toEqual(SUMMARY);
    expect(Buffer.compare(Buffer.concat(received), DATA)).toBe(0);
    expect(Math.max(...received.map((piece) => piece.length))).toBeLessThanOrEqual(256 * 1024);
    expect(texts).toEqual(['{"type":"end"}']);
    expect(progress.at(-1)).toBe(DATA.length);
    expect(server.visits).toMatchObject([
      {
        path: '/v1/streams/door/publish',
        query: { delivery: 'complete', takeover: 'true', fps: '25' },
        headers: { authorization: 'Bearer secret' },
      },
    ]);
  });

  it('holds the source back while much waits in the socket', async () => {
    const received: Buffer[] = [];
    const looksBeforeSend: number[] = [];
    let looks = 0;
    class Clogged extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols);
        Object.defineProperty(this, 'bufferedAmount', {
          get: () => {
            looks += 1;
            return looks % 5 === 0 ? 0 : 2 * 1024 * 1024;
          },
        });
      }
      override send(data: Uint8Array | string): void {
        looksBeforeSend.push(looks);
        super.send(data);
      }
    }
    await using server = await ScriptedServer.start(taking(received));
    const client = connect(server.url, { WebSocket: Clogged as unknown as WebSocketConstructor });
    await client.stream('door').publish([bytes(10), bytes(10), bytes(10)]);
    expect(received).toHaveLength(3);
    expect(looksBeforeSend).toEqual([5, 10, 15, 15]);
  });

  it('rejects with the problem of a refused upgrade', async () => {
    const body = JSON.stringify({ status: 409, detail: 'door is taken', code: 'stream-busy' });
    await using server = await ScriptedServer.start({ refuse: () => ({ status: 409, body }) });
    await expect(connect(server.url).stream('door').publish([DATA])).rejects.toMatchObject({
      name: 'KinoglyphError',
      code: 'stream-busy',
      status: 409,
      message: 'door is taken',
    });
  });

  it('rejects with the close code and lets go of a source that is stuck', async () => {
    let returned = 0;
    await using server = await ScriptedServer.start({
      onConnect: (visit) => {
        taking([]).onConnect(visit);
        visit.socket.once('message', () => visit.socket.close(4431, 'replaced by another'));
      },
    });
    const source = stuck(() => {
      returned += 1;
    });
    await expect(connect(server.url).stream('door').publish(source)).rejects.toMatchObject({
      code: 'replaced',
      message: 'replaced by another',
    });
    expect(returned).toBe(1);
  });

  it('resolves where the server ends the epoch in good order before the source does', async () => {
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => {
        socket.send(JSON.stringify({ type: 'accepted', epoch: EPOCH }));
        socket.once('message', () => finish(socket));
      },
    });
    expect(
      await connect(server.url)
        .stream('door')
        .publish(stuck(() => undefined)),
    ).toEqual(SUMMARY);
  });

  it('rejects with the error of its source, and aborts the publication', async () => {
    const codes: Promise<number>[] = [];
    const texts: string[] = [];
    await using server = await ScriptedServer.start({
      onConnect: (visit) => {
        codes.push(closed(visit.socket));
        taking([], texts).onConnect(visit);
      },
    });
    const failure = new Error('the camera went away');
    async function* source(): AsyncGenerator<Uint8Array> {
      yield bytes(10);
      throw failure;
    }
    await expect(connect(server.url).stream('door').publish(source())).rejects.toBe(failure);
    expect(await codes[0]).toBe(1000);
    expect(texts).toEqual([]);
  });

  it('rejects with the reason of its signal', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    await using server = await ScriptedServer.start({
      onConnect: (visit) => {
        taking([]).onConnect(visit);
        visit.socket.once('message', () => abort.abort(reason));
      },
    });
    const publishing = connect(server.url)
      .stream('door')
      .publish(
        stuck(() => undefined),
        { signal: abort.signal },
      );
    await expect(publishing).rejects.toBe(reason);
    await expect.poll(() => server.openConnections).toBe(0);
  });

  it.each(['{"type":"hello"}', 'no JSON'])('rejects where the first text is %s', async (text) => {
    await using server = await ScriptedServer.start({ onConnect: ({ socket }) => socket.send(text) });
    await expect(connect(server.url).stream('door').publish([DATA])).rejects.toMatchObject({
      code: 'protocol',
    });
  });

  it('takes bytes in any of these forms', () => {
    expectTypeOf<ReadableStream<Uint8Array>>().toExtend<ByteSource>();
    expectTypeOf<AsyncGenerator<Uint8Array>>().toExtend<ByteSource>();
    expectTypeOf<Uint8Array[]>().toExtend<ByteSource>();
    expectTypeOf<NodeJS.ReadableStream>().not.toExtend<ByteSource>();
  });
});
