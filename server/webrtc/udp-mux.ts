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
  /** Sends at once; a datagram that cannot leave is lost, as it may be on its way, and told to the mux's owner. */
  send(data: Uint8Array, to: Endpoint): void;
}

/** A datagram that could not be sent, or a socket that could not be read; the socket goes on. */
export interface UdpFault {
  readonly direction: 'received' | 'sent';
  readonly cause: unknown;
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
  readonly onFault: (fault: UdpFault) => void;
}

type Listeners = Pick<UdpMuxOptions, 'onDatagram' | 'onFault'>;
type BindOptions = Omit<UdpMuxOptions, 'addresses' | 'onDatagram'>;

/** The UDP sockets that all peers share: one for each address, so that one open port is enough for any number of peers. */
export class UdpMux implements AsyncDisposable {
  readonly sockets: readonly UdpSocket[];
  readonly #bound: readonly Socket[];

  private constructor(bound: readonly Socket[], listeners: Listeners) {
    this.#bound = bound;
    this.sockets = bound.map((socket) => listen(socket, listeners));
  }

  /** Binds all sockets. Rejects with a `ConfigError` where an address is not of this machine or no port is free. */
  static async open({ addresses, ...options }: UdpMuxOptions): Promise<UdpMux> {
    const bound: Socket[] = [];
    try {
      for (const address of addresses) bound.push(await bindWithin(address, options));
      return new UdpMux(bound, options);
    } catch (fault) {
      await Promise.all(bound.map(closeSocket));
      throw fault;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#bound.map(closeSocket));
  }
}

function listen(socket: Socket, { onDatagram, onFault }: Listeners): UdpSocket {
  const { address, port } = socket.address();
  const noteSent = (cause: unknown): void => {
    if (cause) onFault({ direction: 'sent', cause });
  };
  const self: UdpSocket = {
    address,
    port,
    send: (data, to) => {
      try {
        socket.send(data, to.port, to.address, noteSent);
      } catch (cause) {
        noteSent(cause);
      }
    },
  };
  socket.on('message', (data: Buffer, { address: from, port: fromPort }: RemoteInfo) =>
    onDatagram(data, { address: from, port: fromPort }, self),
  );
  return self;
}

async function bindWithin(address: string, { portMin, portMax, onFault }: BindOptions): Promise<Socket> {
  let fault: unknown;
  for (let port = portMin; port <= portMax; port++) {
    try {
      const socket = await bind(address, port);
      socket.on('error', (cause) => onFault({ direction: 'received', cause }));
      return socket;
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
