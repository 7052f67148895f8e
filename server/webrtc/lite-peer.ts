import { type Millis, nowMillis } from '../../client-sdk/protocol/units.ts';
import { type AnswerTransport, type MediaPlan, writeAnswer, writeFragment } from './answer-sdp.ts';
import { DataChannels } from './data-channels.ts';
import type { IceParameters } from './ice-credentials.ts';
import { IceLite } from './ice-lite.ts';
import { MediaTransport } from './media-transport.ts';
import type { Offer, OfferedMedia } from './offer-sdp.ts';
import type { OutgoingRtp, Peer, PeerEnd, PeerListener, PeerState } from './peer.ts';
import type { RtcpPacket } from './rtcp-packet.ts';
import type { Endpoint, UdpSocket } from './udp-mux.ts';

export interface LitePeerOptions {
  readonly offer: Offer;
  readonly plans: readonly MediaPlan[];
  readonly listener: PeerListener;
  readonly candidates: readonly Endpoint[];
  readonly fingerprint: string;
  /** Time from the answer to the end of the DTLS handshake, ms. */
  readonly handshakeMs: number;
  /** Silence after which the peer is taken for lost, ms. */
  readonly silenceMs: number;
  readonly directory: PeerDirectory;
}

/** Where datagrams find the peer that they are for. */
export interface PeerDirectory {
  addName(ufrag: string, peer: LitePeer): void;
  addRoute(key: string, peer: LitePeer): void;
  dropRoute(key: string): void;
  /** The peer is closed; its routes have been dropped. */
  remove(peer: LitePeer, names: Iterable<string>): void;
}

/** A peer behind the lite ICE agent: the connection's life, from the answer to its end. */
export class LitePeer implements Peer {
  readonly answer: string;
  readonly #options: LitePeerOptions;
  readonly #listener: PeerListener;
  readonly #ice: IceLite;
  readonly #transport: MediaTransport;
  readonly #channels: DataChannels | undefined;
  readonly #names = new Set<string>();
  #state: PeerState = 'connecting';
  #heard: Millis = nowMillis();
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LitePeerOptions) {
    const { offer, plans, listener } = options;
    this.#options = options;
    this.#listener = listener;
    this.#ice = new IceLite({
      remote: offer.ice,
      onRoute: (key) => options.directory.addRoute(key, this),
      onRouteLost: (key) => options.directory.dropRoute(key),
      onReachable: () => this.#connect(),
    });
    this.#transport = new MediaTransport(this.#ice, listener);
    this.#channels = this.#openChannels(offer.media, plans);
    this.answer = writeAnswer(offer.media, plans, this.#told);
    this.#takeNames();
    this.#transport.onStateChange.subscribe((state) => {
      if (state === 'closed') this.#end('left');
      else if (state === 'failed') this.#end('failed');
    });
    this.#timer = setTimeout(() => this.#end('failed'), options.handshakeMs);
  }

  get state(): PeerState {
    return this.#state;
  }

  get ice(): { readonly local: IceParameters; readonly remote: IceParameters } {
    return { local: this.#ice.local, remote: this.#ice.remote };
  }

  get heardMs(): number {
    return this.#heard;
  }

  /** Takes a datagram of the peer that is no check. */
  takeData(data: Buffer): void {
    this.#heard = nowMillis();
    this.#ice.onData.execute(data);
  }

  /** Takes a STUN request in the name of this peer's agent. */
  takeCheck(data: Buffer, from: Endpoint, socket: UdpSocket): void {
    if (this.#ice.takeCheck(data, from, socket)) this.#heard = nowMillis();
  }

  sendRtp(packet: OutgoingRtp): void {
    if (this.#state === 'connected') this.#transport.sendPacket(packet);
  }

  sendRtcp(packets: readonly RtcpPacket[]): void {
    if (this.#state === 'connected' && packets.length > 0) this.#transport.sendCompound(packets);
  }

  restartIce(remote: IceParameters): string {
    const [first] = this.#options.offer.media;
    this.#ice.renew(remote);
    this.#takeNames();
    this.#heard = nowMillis();
    return first ? writeFragment(first, this.#told) : '';
  }

  close(): Promise<void> {
    this.#closing ??= this.#release('closed');
    return this.#closing;
  }

  get #told(): AnswerTransport {
    const { candidates, fingerprint, offer } = this.#options;
    return { ice: this.#ice.local, candidates, fingerprint, setup: offer.isPassive ? 'active' : 'passive' };
  }

  #openChannels(media: readonly OfferedMedia[], plans: readonly MediaPlan[]): DataChannels | undefined {
    const channels = media.find((_, index) => plans[index]?.type === 'channels')?.channels;
    if (!channels) return undefined;
    return new DataChannels(this.#transport, channels, (channel) => this.#listener.onChannel?.(channel));
  }

  #takeNames(): void {
    for (const name of this.#ice.localNames) {
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      this.#options.directory.addName(name, this);
    }
  }

  #connect(): void {
    this.#transport.handshake(this.#options.offer).then(
      () => this.#connected(),
      () => this.#end('failed'),
    );
  }

  #connected(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'connected';
    this.#watch();
    this.#listener.onConnected?.();
    this.#channels?.start().catch(() => this.#end('failed'));
  }

  /** Looks again when the present silence would have lasted too long. */
  #watch(): void {
    clearTimeout(this.#timer);
    const leftMs = this.#heard + this.#options.silenceMs - nowMillis();
    // A clock that was set back makes no silence longer than it is.
    if (leftMs > 0) this.#timer = setTimeout(() => this.#watch(), Math.min(leftMs, this.#options.silenceMs));
    else this.#end('lost');
  }

  #end(end: PeerEnd): void {
    this.#closing ??= this.#release(end);
  }

  async #release(end: PeerEnd): Promise<void> {
    const reason = end === 'left' && this.#state === 'connecting' ? 'failed' : end;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    await this.#channels?.close().catch(() => undefined);
    await this.#transport.stop().catch(() => undefined);
    this.#options.directory.remove(this, this.#names);
    this.#listener.onClosed?.(reason);
  }
}
