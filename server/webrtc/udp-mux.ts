import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { ConfigError, reasonOf } from '../../pipeline/errors.ts';

/** Bursts of many peers wait in the kernel while the event loop is busy; it grants what its own limit allows. */
const SOCKET_BUFFER_BYTES = 4 << 20;

/** An address with its port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One of the mux's sockets, by which an answer to a datagram goes back. */
export interface UdpSocket extends Endpoint {
  send(data: Uint8Array, to: Endpoint): void;
}

/** What is done with datagrams. */
export type DatagramTaker = (data: Buffer, from: Endpoint, socket: UdpSocket) => void;

export interface UdpMuxOptions {
  /** Addresses to bind, one socket each. */
  readonly addresses: readonly string[];
  /** Ports to choose from, both included; 0 and 0 take a free one. */
  readonly portMin: number;
  readonly portMax: number;
  readonly onDatagram: DatagramTaker;
}

/** The UDP sockets that all peers share: one for each address, so that one open port is enough for any number of peers. */
export class UdpMux implements AsyncDisposable {
  readonly sockets: readonly UdpSocket[];
  readonly #bound: readonly Socket[];

  private constructor(bound: readonly Socket[], onDatagram: DatagramTaker) {
    this.#bound = bound;
    this.sockets = bound.map((socket) => listen(socket, onDatagram));
  }

  /** Binds all sockets. Rejects with a `ConfigError` where an address is not of this machine or no port is free. */
  static async open({ addresses, portMin, portMax, onDatagram }: UdpMuxOptions): Promise<UdpMux> {
    const bound: Socket[] = [];
    try {
      for (const address of addresses) bound.push(await bindWithin(address, portMin, portMax));
      return new UdpMux(bound, onDatagram);
    } catch (fault) {
      await Promise.all(bound.map(closeSocket));
      throw fault;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#bound.map(closeSocket));
  }
}

function listen(socket: Socket, onDatagram: DatagramTaker): UdpSocket {
  const { address, port } = socket.address();
  const self: UdpSocket = {
    address,
    port,
    // A datagram that cannot leave is one that is lost; the protocols above live with it.
    send: (data, to) => socket.send(data, to.port, to.address, () => undefined),
  };
  socket.on('message', (data: Buffer, { address: from, port: fromPort }: RemoteInfo) =>
    onDatagram(data, { address: from, port: fromPort }, self),
  );
  socket.on('error', () => undefined);
  return self;
}

async function bindWithin(address: string, portMin: number, portMax: number): Promise<Socket> {
  let fault: unknown;
  for (let port = portMin; port <= portMax; port++) {
    try {
      return await bind(address, port);
    } catch (cause) {
      fault = cause;
    }
  }
  const ports = portMin === portMax ? `port ${portMin}` : `ports ${portMin} to ${portMax}`;
  throw new ConfigError('bad-config', `cannot bind UDP ${address}, ${ports}: ${reasonOf(fault)}`, {
    cause: fault,
  });
}

function bind(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: isIPv6(address) ? 'udp6' : 'udp4',
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
    });
    socket.once('error', (fault) => {
      socket.close();
      reject(fault);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

const closeSocket = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.close(() => resolve());
  });
