import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type { MediaPlan } from './answer-sdp.ts';
import type { IceParameters } from './ice-credentials.ts';
import type { Offer } from './offer-sdp.ts';
import type { RtcpPacket } from './rtcp-packet.ts';
import type { Endpoint } from './udp-mux.ts';

/** `connecting` until ICE and DTLS are through, `connected` while the peer is heard, `closed` for good. */
export type PeerState = 'connecting' | 'connected' | 'closed';

/**
 * Why a connection ended: `closed` by this side, `left` by the peer (DTLS close), `lost` because nothing was heard any more
 * or the peer gave up its consent, `failed` before it was ever connected.
 */
export type PeerEnd = 'closed' | 'left' | 'lost' | 'failed';

/** A packet to send; the header's other fields are filled in. */
export interface OutgoingRtp extends RtpPacketView {}

/** A data channel that the peer opened. */
export interface PeerChannel {
  readonly label: string;
  readonly protocol: string;
  /** Whether messages arrive all of them and in order. */
  readonly isReliable: boolean;
  /** Bytes handed over and not yet acknowledged as sent. */
  readonly bufferedBytes: number;
  /** Sends text or bytes; ignored once closed. Throws where the message is larger than the peer takes. */
  send(message: string | Uint8Array): void;
  close(): void;
  /** Called with each message of the peer. */
  onMessage(listener: (message: string | Uint8Array) => void): void;
  /** Called each time `bufferedBytes` has fallen. */
  onFlushed(listener: () => void): void;
  /** Called once, when either side or the connection has ended it. */
  onClosed(listener: () => void): void;
}

/** What the owner of a peer hears; called in order, never before `accept` has resolved, never after `onClosed`. */
export interface PeerListener {
  onConnected?(): void;
  /** A decrypted packet of any payload type that was negotiated, and when it arrived. Its payload is the listener's. */
  onRtp?(packet: RtpPacketView, at: Millis): void;
  /** One packet of a compound, decrypted and decoded; those that are not understood are left out. */
  onRtcp?(packet: RtcpPacket, at: Millis): void;
  onChannel?(channel: PeerChannel): void;
  /** Called once; everything is released by then. */
  onClosed?(end: PeerEnd): void;
}

/** A connection with one remote peer: RTP, RTCP and data channels over one encrypted transport. */
export interface Peer {
  /** The SDP answer to the offer that was accepted, complete with candidates. */
  readonly answer: string;
  readonly state: PeerState;
  /** The credentials in force on both sides; a restart changes both. */
  readonly ice: { readonly local: IceParameters; readonly remote: IceParameters };
  /** Wall clock of the last packet heard, ms. */
  readonly heardMs: number;
  /** Sends a packet at once; dropped while not connected. */
  sendRtp(packet: OutgoingRtp): void;
  /** Sends a compound packet at once; dropped while not connected. */
  sendRtcp(packets: readonly RtcpPacket[]): void;
  /** Takes the peer's new credentials, makes own ones, and gives the SDP fragment that tells of them (RFC 8840). */
  restartIce(remote: IceParameters): string;
  /** Ends the connection and releases what it holds. Idempotent. */
  close(): Promise<void>;
}

/** Accepts peers. One serves all routes: its sockets, certificate and limits are shared. */
export interface PeerHost extends AsyncDisposable {
  /** Connections that are not closed. */
  readonly peers: number;
  /**
   * Binds the sockets if they are not yet, which the first peer does too, and gives the addresses that peers are told. Rejects
   * with a `ConfigError` where that fails; it may be tried again.
   */
  open(): Promise<readonly Endpoint[]>;
  /**
   * Answers an offer: `plans` says what becomes of each of its media sections, in order (`planReceive`, `planSend` and
   * `planChannels` of `answer-sdp.ts` make them). Throws an `OverloadedError` where the number of peers is reached.
   */
  accept(offer: Offer, plans: readonly MediaPlan[], listener: PeerListener): Promise<Peer>;
}
