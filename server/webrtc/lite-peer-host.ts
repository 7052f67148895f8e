import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { RTCDtlsTransport } from 'werift';
import { OverloadedError } from '../../pipeline/errors.ts';
import type { Config } from '../config-schema.ts';
import type { MediaPlan } from './answer-sdp.ts';
import { namedAgent, routeKey } from './ice-lite.ts';
import { LitePeer, type PeerDirectory } from './lite-peer.ts';
import type { Offer } from './offer-sdp.ts';
import type { Peer, PeerHost, PeerListener } from './peer.ts';
import { type Endpoint, type UdpFault, UdpMux, type UdpSocket } from './udp-mux.ts';

/** First bytes of STUN messages (RFC 7983 7). */
const LAST_STUN_BYTE = 3;

type HostConfig = Pick<
  Config,
  | 'host'
  | 'maxPeers'
  | 'webrtcHosts'
  | 'webrtcPublicHosts'
  | 'webrtcPortMin'
  | 'webrtcPortMax'
  | 'webrtcHandshakeMs'
  | 'webrtcSilenceMs'
>;

export interface LitePeerHostOptions {
  /** Told of datagrams that the system did not send or give; the peers live with it as with any loss. */
  readonly onUdpFault: (fault: UdpFault) => void;
}

/** Accepts peers as a lite ICE agent on a few UDP sockets, which are bound for the first peer. */
export class LitePeerHost implements PeerHost, PeerDirectory {
  readonly #config: HostConfig;
  readonly #options: LitePeerHostOptions;
  readonly #peers = new Set<LitePeer>();
  readonly #byName = new Map<string, LitePeer>();
  readonly #byRoute = new Map<string, LitePeer>();
  #mux: Promise<UdpMux> | undefined;

  constructor(config: HostConfig, options: LitePeerHostOptions) {
    this.#config = config;
    this.#options = options;
  }

  get peers(): number {
    return this.#peers.size;
  }

  async accept(offer: Offer, plans: readonly MediaPlan[], listener: PeerListener): Promise<Peer> {
    this.#checkRoom();
    const candidates = await this.open();
    const certificate = await RTCDtlsTransport.SetupCertificate();
    this.#checkRoom();
    const peer = new LitePeer({
      offer,
      plans,
      listener,
      candidates,
      fingerprint: certificate.getFingerprints()[0]?.value ?? '',
      handshakeMs: this.#config.webrtcHandshakeMs,
      silenceMs: this.#config.webrtcSilenceMs,
      directory: this,
    });
    this.#peers.add(peer);
    return peer;
  }

  async open(): Promise<readonly Endpoint[]> {
    this.#mux ??= this.#bind().catch((fault: unknown) => {
      this.#mux = undefined;
      throw fault;
    });
    return this.#candidates((await this.#mux).sockets);
  }

  addName(ufrag: string, peer: LitePeer): void {
    this.#byName.set(ufrag, peer);
  }

  addRoute(key: string, peer: LitePeer): void {
    this.#byRoute.set(key, peer);
  }

  dropRoute(key: string): void {
    this.#byRoute.delete(key);
  }

  remove(peer: LitePeer, names: Iterable<string>): void {
    for (const name of names) this.#byName.delete(name);
    this.#peers.delete(peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.close()));
    const mux = await this.#mux?.catch(() => undefined);
    await mux?.[Symbol.asyncDispose]();
  }

  async #bind(): Promise<UdpMux> {
    const { host, webrtcHosts, webrtcPortMin: portMin, webrtcPortMax: portMax } = this.#config;
    const named = webrtcHosts.length > 0 ? webrtcHosts : [host];
    const addresses = await Promise.all(named.map(addressesOf));
    return await UdpMux.open({
      addresses: [...new Set(addresses.flat())],
      portMin,
      portMax,
      onDatagram: (data, from, socket) => this.#dispatch(data, from, socket),
      onFault: this.#options.onUdpFault,
    });
  }

  #dispatch(data: Buffer, from: Endpoint, socket: UdpSocket): void {
    const [first = 0] = data;
    if (first <= LAST_STUN_BYTE) {
      const name = namedAgent(data);
      if (name !== undefined) this.#byName.get(name)?.takeCheck(data, from, socket);
    } else this.#byRoute.get(routeKey(from, socket))?.takeData(data);
  }

  /** Own addresses, then the public ones that are forwarded to the same ports. */
  #candidates(sockets: readonly UdpSocket[]): Endpoint[] {
    const own = sockets.map(({ address, port }) => ({ address, port }));
    const forwarded = this.#config.webrtcPublicHosts.flatMap((address) => {
      const target = own.find((endpoint) => isIPv6(endpoint.address) === isIPv6(address));
      return target ? [{ address, port: target.port }] : [];
    });
    return [...own, ...forwarded];
  }

  #checkRoom(): void {
    const { maxPeers } = this.#config;
    if (this.#peers.size >= maxPeers)
      throw new OverloadedError(`at most ${maxPeers} WebRTC connections`, 'too-many');
  }
}

/** The addresses that a host stands for: a wildcard for all of this machine that others can reach. */
async function addressesOf(host: string): Promise<string[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare === '0.0.0.0' || bare === '::') return machineAddresses(bare === '::');
  if (isIP(bare)) return [bare];
  return [(await lookup(bare)).address];
}

function machineAddresses(withIPv6: boolean): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const usable = all.filter(
    ({ internal, family, scopeid }) =>
      !internal && (family === 'IPv4' || (withIPv6 && (scopeid === undefined || scopeid === 0))),
  );
  return usable.length > 0 ? usable.map(({ address }) => address) : ['127.0.0.1'];
}
