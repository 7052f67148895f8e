import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { seededRandom } from './seeded-random.ts';

/** What a path does to datagrams, each way; may be changed while it runs. */
export interface PathConditions {
  /** Probability that a datagram is dropped. */
  loss: number;
  /** Delay of each, ms. */
  delayMs: number;
}

/** A path between a browser and a server that can be made bad: a relay on loopback with seeded loss. */
export interface UdpRelay extends AsyncDisposable {
  readonly port: number;
  readonly conditions: PathConditions;
  readonly counts: { forwarded: number; dropped: number };
}

/** Opens a relay in front of a UDP port of this machine. Each client gets a port of its own towards the server. */
export async function openUdpRelay(serverPort: number, options: { seed: number }): Promise<UdpRelay> {
  const random = seededRandom(options.seed);
  const conditions: PathConditions = { loss: 0, delayMs: 0 };
  const counts = { forwarded: 0, dropped: 0 };
  const timers = new Set<NodeJS.Timeout>();
  const upstreams = new Map<string, Promise<Socket>>();
  let isClosed = false;

  const pass = (deliver: () => void): void => {
    if (random() < conditions.loss) {
      counts.dropped += 1;
      return;
    }
    counts.forwarded += 1;
    if (conditions.delayMs === 0) {
      deliver();
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!isClosed) deliver();
    }, conditions.delayMs);
    timers.add(timer);
  };
  const front = await bind();
  const upstreamOf = (client: RemoteInfo): Promise<Socket> => {
    const key = `${client.address}:${client.port}`;
    const opened = upstreams.get(key) ?? bind();
    if (!upstreams.has(key)) {
      upstreams.set(key, opened);
      opened.then(
        (socket) => socket.on('message', (data) => pass(() => front.send(data, client.port, client.address))),
        () => undefined,
      );
    }
    return opened;
  };
  front.on('message', (data, client) => {
    upstreamOf(client).then(
      (socket) => {
        if (!isClosed) pass(() => socket.send(data, serverPort, '127.0.0.1'));
      },
      () => undefined,
    );
  });
  return {
    port: front.address().port,
    conditions,
    counts,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of await Promise.all(upstreams.values())) socket.close();
      front.close();
    },
  };
}

function bind(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });
}
