import { describe, expect, expectTypeOf, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type ConnectionState,
  connect,
  type TokenMessage,
  type TokensOptions,
} from '../../client-sdk/index.ts';
import { encodeBinary } from '../../client-sdk/protocol/binary.ts';
import type { JournalMessage, Message } from '../../client-sdk/protocol/messages.ts';
import type { WebSocketConstructor } from '../../client-sdk/web-socket-like.ts';
import { EPOCH, START } from './arbitrary-messages.ts';
import { closed, ScriptedServer, sendAll, type Visit } from './scripted-server.ts';

const NEXT_EPOCH = '01JD8Z6V9K3M5N7P9Q1R3S5T7W';

/** An epoch of `start`, alternating visuals and motions, and `end`. */
function epochOf(epoch: string, length: number): JournalMessage[] {
  const timed = { epoch, received: 1, emitted: 2 };
  return Array.from({ length }, (_, seq): JournalMessage => {
    if (seq === 0) return { ...START, epoch };
    if (seq === length - 1) return { type: 'end', epoch, seq, reason: 'finished' };
    const pts = seq * 1000;
    if (seq % 2 === 1)
      return { type: 'visual', ...timed, seq, pts, clip: seq, shot: 0, keyframe: 'coded', ids: [seq] };
    return {
      type: 'motion',
      ...timed,
      seq,
      pts,
      clip: seq - 1,
      chunk: 0,
      fields: 8,
      duration: 1,
      ids: [seq, seq],
    };
  });
}

/** What a server has to send to a subscription: the messages after its cursor, after the `start` in force. */
function backlog(journal: readonly JournalMessage[], from: string): Message[] {
  const at = journal.findIndex((message) => `${message.epoch}:${message.seq}` === from);
  const rest = journal.slice(at + 1);
  const start = journal.slice(0, at + 1).findLast((message) => message.type === 'start');
  return start ? [{ ...start, replay: true }, ...rest] : rest;
}

const now = { nextDelayMs: (attempt: number) => (attempt < 3 ? 0 : undefined) };

async function collect(server: ScriptedServer, options: TokensOptions = {}): Promise<TokenMessage[]> {
  const got: TokenMessage[] = [];
  const stream = connect(server.url, { token: 'secret' }).stream('door');
  for await (const message of stream.tokens({ until: 'end', reconnect: now, ...options })) got.push(message);
  return got;
}

describe('tokens', () => {
  it.each(['json', 'binary'] as const)(
    'yields the messages of a %s connection as they are',
    async (format) => {
      const journal = epochOf(EPOCH, 8);
      await using server = await ScriptedServer.start({
        onConnect: ({ socket }) => {
          for (const message of journal)
            socket.send(format === 'binary' ? encodeBinary(message) : JSON.stringify(message));
        },
      });
      expect(await collect(server, { from: 'earliest', format, layout: 'llm' })).toEqual(journal);
      expect(server.visits).toMatchObject([
        {
          path: '/v1/streams/door/tokens',
          query: { from: 'earliest', format, until: 'end', layout: 'llm' },
          headers: { authorization: 'Bearer secret' },
        },
      ]);
    },
  );

  it('gives every message once where the connection is cut after each of them', async () => {
    const journal = epochOf(EPOCH, 12);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, query, index }) => {
        const next = backlog(journal, query.from ?? '');
        sendAll(socket, next.slice(0, index === 0 ? 1 : 2));
        if (index % 2 === 0) socket.close(1001, 'shutting down');
        else socket.ping('', false, () => socket.terminate());
      },
    });
    expect(await collect(server, { from: 'earliest' })).toEqual(journal);
    expect(server.visits.map(({ query }) => query.from)).toEqual([
      'earliest',
      ...journal.slice(0, -1).map(({ seq }) => `${EPOCH}:${seq}`),
    ]);
  });

  it('gives no message twice where the server sends more than was asked for', async () => {
    const journal = epochOf(EPOCH, 6);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, index }) => {
        sendAll(socket, index === 0 ? journal.slice(0, 4) : journal);
        if (index === 0) socket.close(1012);
      },
    });
    expect(await collect(server)).toEqual(journal);
  });

  it('reads on after a goaway, and connects again once the server has closed', async () => {
    const journal = epochOf(EPOCH, 6);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, query, index }) => {
        if (index > 0) return sendAll(socket, backlog(journal, query.from ?? ''));
        sendAll(socket, [journal[0]!, { type: 'goaway', inMs: 10 }, journal[1]!]);
        socket.close(1001);
      },
    });
    expect(await collect(server)).toEqual(journal);
    expect(server.visits[1]?.query.from).toBe(`${EPOCH}:1`);
  });

  it('gives the start in force once, and a changed one again', async () => {
    const journal: JournalMessage[] = epochOf(EPOCH, 6);
    journal[3] = { ...START, seq: 3, width: 640, height: 360 };
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, query, index }) => {
        const messages: Message[] =
          index === 0 ? [{ ...START, replay: true }, journal[2]!] : backlog(journal, query.from ?? '');
        sendAll(socket, messages);
        if (index === 0) socket.close(1012);
      },
    });
    expect(await collect(server)).toEqual([{ ...START, replay: true }, ...journal.slice(2)]);
  });

  it('goes on from one epoch to the next', async () => {
    const journal = [...epochOf(EPOCH, 4), ...epochOf(NEXT_EPOCH, 4)];
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => {
        sendAll(socket, journal);
        socket.close(1000);
      },
    });
    expect(await collect(server, { until: undefined })).toEqual(journal);
    expect(await collect(server)).toEqual(journal.slice(0, 4));
  });

  it('gives a skip, and the messages after it', async () => {
    const journal = epochOf(EPOCH, 9);
    const skip = { type: 'skip', from: `${EPOCH}:1`, to: `${EPOCH}:5`, reason: 'expired' } as const;
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, index }) => {
        sendAll(
          socket,
          index === 0 ? journal.slice(0, 2) : [{ ...START, replay: true }, skip, ...journal.slice(5)],
        );
        if (index === 0) socket.close(1012);
      },
    });
    expect(await collect(server)).toEqual([...journal.slice(0, 2), skip, ...journal.slice(5)]);
  });

  it('fails where a message is missing without a skip', async () => {
    const journal = epochOf(EPOCH, 6);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => sendAll(socket, journal.toSpliced(3, 1)),
    });
    await expect(collect(server)).rejects.toMatchObject({
      code: 'protocol',
      message: /message 3 .* missing, got 4/,
    });
    await expect.poll(() => server.openConnections).toBe(0);
  });

  it('fails where what comes is not of the wire’s form', async () => {
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => socket.send('{"type":"end"}'),
    });
    await expect(collect(server)).rejects.toMatchObject({ name: 'KinoglyphError', code: 'protocol' });
  });

  it('passes over messages of a type that it does not know', async () => {
    const journal = epochOf(EPOCH, 4);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => {
        socket.send('{"type":"heartbeat"}');
        sendAll(socket, journal);
      },
    });
    expect(await collect(server)).toEqual(journal);
  });

  it.each([
    [4462, 'wait-expired', 404],
    [4410, 'unauthorized', 401],
    [4432, 'stream-ended', 410],
  ])('takes close code %i as final', async (close, code, status) => {
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => socket.close(close, 'because'),
    });
    await expect(collect(server)).rejects.toMatchObject({ code, status, message: 'because' });
    expect(server.visits).toHaveLength(1);
  });

  it('takes the problem document of a refused upgrade as final', async () => {
    const body = JSON.stringify({
      type: 'x',
      title: 'x',
      status: 403,
      detail: 'not yours',
      code: 'forbidden',
    });
    await using server = await ScriptedServer.start({ refuse: () => ({ status: 403, body }) });
    await expect(collect(server)).rejects.toMatchObject({
      code: 'forbidden',
      status: 403,
      message: 'not yours',
    });
  });

  it('tries again after a refusal that may pass', async () => {
    const journal = epochOf(EPOCH, 4);
    const body = JSON.stringify({ status: 503, detail: 'warming up', code: 'not-ready' });
    await using server = await ScriptedServer.start({
      refuse: (index) => (index < 2 ? { status: 503, body } : undefined),
      onConnect: ({ socket }) => sendAll(socket, journal),
    });
    expect(await collect(server)).toEqual(journal);
  });

  it('gives up when the policy does, with the last failure', async () => {
    let upgrades = 0;
    await using server = await ScriptedServer.start({
      refuse: () => {
        upgrades += 1;
        return { status: 502, body: '<html>' };
      },
    });
    await expect(collect(server)).rejects.toMatchObject({ code: 'unknown', status: 502 });
    expect(upgrades).toBe(4);
  });

  it('gives up where nobody listens', async () => {
    const server = await ScriptedServer.start({});
    await server[Symbol.asyncDispose]();
    await expect(collect(server)).rejects.toMatchObject({ code: 'network' });
  });

  it('hangs up on a buffer that is full, gives what came, and goes on from there', async () => {
    const journal = epochOf(EPOCH, 200);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, query }) => sendAll(socket, backlog(journal, query.from ?? '')),
    });
    expect(await collect(server, { from: 'earliest', maxBufferBytes: 2000 })).toEqual(journal);
    expect(server.visits.length).toBeGreaterThan(1);
  });

  it('ends with the reason of its signal, and closes the connection', async () => {
    const journal = epochOf(EPOCH, 6);
    const abort = new AbortController();
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => sendAll(socket, journal.slice(0, 3)),
    });
    const reason = new Error('enough');
    const got: number[] = [];
    const reading = (async () => {
      for await (const message of connect(server.url).stream('door').tokens({ signal: abort.signal })) {
        if ('seq' in message) got.push(message.seq);
        if (got.length === 3) abort.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(got).toEqual([0, 1, 2]);
    await expect.poll(() => server.openConnections).toBe(0);
  });

  it('closes the connection when its reader leaves the loop', async () => {
    const codes: Promise<number>[] = [];
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }) => {
        codes.push(closed(socket));
        sendAll(socket, epochOf(EPOCH, 6));
      },
    });
    for await (const _ of connect(server.url).stream('door').tokens()) break;
    expect(await codes[0]).toBe(1000);
  });

  it('tells the states of the connection', async () => {
    const states: ConnectionState[] = [];
    const journal = epochOf(EPOCH, 4);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket, index }) => {
        if (index === 0) socket.close(1012);
        else sendAll(socket, journal);
      },
    });
    await collect(server, { onState: (state) => states.push(state) });
    expect(states).toEqual(['connecting', 'open', 'reconnecting', 'open', 'closed']);
  });

  it('takes a WebSocket class of the caller, and then sends the token as a subprotocol', async () => {
    const journal = epochOf(EPOCH, 4);
    await using server = await ScriptedServer.start({
      onConnect: ({ socket }: Visit) => sendAll(socket, journal),
    });
    const client = connect(server.url, {
      token: 'secret',
      WebSocket: WebSocket as unknown as WebSocketConstructor,
    });
    const got: TokenMessage[] = [];
    for await (const message of client.stream('door').tokens({ until: 'end' })) got.push(message);
    expect(got).toEqual(journal);
    expect(server.visits[0]?.headers).toMatchObject({ 'sec-websocket-protocol': 'kinoglyph.bearer.secret' });
    expect(server.visits[0]?.headers).not.toHaveProperty('authorization');
  });

  it('yields a union that narrows by type', () => {
    expectTypeOf(connect('http://host').stream('door').tokens()).toEqualTypeOf<
      AsyncGenerator<TokenMessage, void, undefined>
    >();
    expectTypeOf<Extract<TokenMessage, { type: 'visual' }>['ids']>().toEqualTypeOf<number[]>();
    expectTypeOf<TokenMessage['type']>().toEqualTypeOf<
      'start' | 'visual' | 'motion' | 'gap' | 'end' | 'skip'
    >();
  });
});
