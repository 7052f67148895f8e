import { Connection, classes, Message, methods, parseMessage } from 'werift';
import { createIceParameters, type IceParameters } from './ice-credentials.ts';
import type { Endpoint, UdpSocket } from './udp-mux.ts';

/** Addresses of one peer that are kept; a peer has a few, and only who knows the secret gets one in. */
const MAX_ROUTES = 16;
/** Error of a check whose sender claims the role that only this side may have (RFC 8445 7.3.1.1). */
const ROLE_CONFLICT: [number, string] = [487, 'Role Conflict'];

/** A way to the peer: the address that it was heard from, by one of our sockets. */
interface Route {
  readonly peer: Endpoint;
  readonly socket: UdpSocket;
}

export interface IceLiteOptions {
  readonly remote: IceParameters;
  /** A checked address may send data from now on. */
  onRoute(key: string): void;
  /** An address is no longer one of the peer's. */
  onRouteLost(key: string): void;
  /** The first check has succeeded. */
  onReachable(): void;
}

/**
 * The lite side of ICE (RFC 8445 2.5), as a server on a known address needs it: it answers the checks that prove knowledge of
 * its secret, and sends to the address that the peer nominated last. It sends nothing to an address that has not proven
 * itself, resolves no names and asks no servers. In place of werift's agent, which answers and follows any check unproven.
 */
export class IceLite extends Connection {
  readonly #options: IceLiteOptions;
  readonly #routes = new Map<string, Route>();
  #local = createIceParameters();
  #remote: IceParameters;
  /** Credentials before a restart, good until the peer has been heard with the new ones (RFC 8445 9). */
  #former: { local: IceParameters; remote: IceParameters } | undefined;
  #selected: Route | undefined;
  #isNominated = false;

  constructor(options: IceLiteOptions) {
    super(false, { iceLite: true });
    this.#options = options;
    this.#remote = options.remote;
    this.setRemoteParams({
      iceLite: false,
      usernameFragment: options.remote.ufrag,
      password: options.remote.pwd,
    });
    this.send = async (data) => this.sendNow(data);
  }

  get local(): IceParameters {
    return this.#local;
  }

  get remote(): IceParameters {
    return this.#remote;
  }

  /** Names by which checks for this agent come. */
  get localNames(): readonly string[] {
    return this.#former ? [this.#local.ufrag, this.#former.local.ufrag] : [this.#local.ufrag];
  }

  /** Sends to where the peer is reached; dropped while that is unknown. */
  sendNow(data: Uint8Array): void {
    this.#selected?.socket.send(data, this.#selected.peer);
  }

  /** Takes new credentials of the peer and makes own ones; data flows on meanwhile. */
  renew(remote: IceParameters): void {
    this.#former = { local: this.#local, remote: this.#remote };
    this.#local = createIceParameters();
    this.#remote = remote;
    this.#isNominated = false;
  }

  /** Takes a STUN request that names this agent, and tells whether it was proven; one that is not is dropped. */
  takeCheck(data: Buffer, from: Endpoint, socket: UdpSocket): boolean {
    const request = this.#verify(data);
    if (!request) return false;
    const isCurrent = request.by === this.#local;
    const names = request.message.attributesKeys;
    const hasConflict = names.includes('ICE-CONTROLLED');
    this.#answer(request, from, socket, hasConflict ? ROLE_CONFLICT : undefined);
    if (hasConflict) return true;
    if (isCurrent) this.#former = undefined;
    const wasReachable = this.#selected !== undefined;
    const route = this.#learn(from, socket);
    const isNomination = isCurrent && names.includes('USE-CANDIDATE');
    // Data of a peer that has not nominated yet is answered to where it is heard.
    if (isNomination || !this.#isNominated) this.#selected = route;
    if (isNomination) this.#isNominated = true;
    if (!wasReachable) this.#options.onReachable();
    return true;
  }

  override async close(): Promise<void> {
    for (const key of this.#routes.keys()) this.#options.onRouteLost(key);
    this.#routes.clear();
    this.#selected = undefined;
    this.onData.complete();
  }

  #verify(data: Buffer): { message: Message; by: IceParameters } | undefined {
    const pairs = [{ local: this.#local, remote: this.#remote }, ...(this.#former ? [this.#former] : [])];
    for (const { local, remote } of pairs) {
      const message = parseMessage(data, Buffer.from(local.pwd));
      if (message?.getAttributeValue('USERNAME') === `${local.ufrag}:${remote.ufrag}`)
        return { message, by: local };
    }
    return undefined;
  }

  #answer(
    { message, by }: { message: Message; by: IceParameters },
    to: Endpoint,
    socket: UdpSocket,
    error?: [number, string],
  ): void {
    const response = new Message(
      methods.BINDING,
      error ? classes.ERROR : classes.RESPONSE,
      message.transactionId,
    );
    if (error) response.setAttribute('ERROR-CODE', error);
    else response.setAttribute('XOR-MAPPED-ADDRESS', [to.address, to.port]);
    socket.send(response.addMessageIntegrity(Buffer.from(by.pwd)).addFingerprint().bytes, to);
  }

  #learn(peer: Endpoint, socket: UdpSocket): Route {
    const key = routeKey(peer, socket);
    const known = this.#routes.get(key);
    if (known) return known;
    const route = { peer, socket };
    this.#routes.set(key, route);
    this.#options.onRoute(key);
    if (this.#routes.size > MAX_ROUTES) this.#forgetOldest();
    return route;
  }

  #forgetOldest(): void {
    for (const [key, route] of this.#routes) {
      if (route === this.#selected) continue;
      this.#routes.delete(key);
      this.#options.onRouteLost(key);
      return;
    }
  }
}

/** What tells one peer's datagrams from another's. */
export const routeKey = (peer: Endpoint, socket: Endpoint): string =>
  `${peer.address}:${peer.port}>${socket.address}:${socket.port}`;

/** The agent's name in a STUN binding request (RFC 8445 7.2.2), or `undefined` where it is none. */
export function namedAgent(data: Buffer): string | undefined {
  const message = parseMessage(data);
  if (message?.messageClass !== classes.REQUEST || message.messageMethod !== methods.BINDING)
    return undefined;
  const username: unknown = message.getAttributeValue('USERNAME');
  return typeof username === 'string' ? username.split(':')[0] : undefined;
}
