import {
  RTCDtlsFingerprint,
  RTCDtlsParameters,
  RTCDtlsTransport,
  RTCIceGatherer,
  RTCIceTransport,
  RtpHeader,
} from 'werift';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { decodeRtcp } from './decode-rtcp.ts';
import { encodeRtcp } from './encode-rtcp.ts';
import type { IceLite } from './ice-lite.ts';
import type { Offer } from './offer-sdp.ts';
import type { OutgoingRtp, PeerListener } from './peer.ts';
import { Rollover } from './rollover.ts';
import type { RtcpPacket } from './rtcp-packet.ts';
import { decodeRtp } from './rtp-packet.ts';

/** Sources that one peer may send from; each costs a little memory, and only the peer itself can add one. */
const MAX_SOURCES = 64;
/** SRTP protection profiles in order of preference: AEAD_AES_128_GCM (RFC 7714), AES128_CM_HMAC_SHA1_80 (RFC 5764). */
const SRTP_PROFILES = [7, 1] as const;

/**
 * The encrypted transport of one peer: werift's DTLS and SRTP, without its way of reading: packets are handed on as
 * they are, RTCP is read whole (BYE and extended reports too), and the count of wraps survives gaps of any length.
 */
export class MediaTransport extends RTCDtlsTransport {
  readonly #listener: PeerListener;
  readonly #ice: IceLite;
  readonly #rollovers = new Map<number, Rollover>();

  constructor(ice: IceLite, listener: PeerListener) {
    const iceTransport = new RTCIceTransport(new RTCIceGatherer());
    iceTransport.connection = ice;
    super({}, iceTransport, undefined, [...SRTP_PROFILES]);
    this.#ice = ice;
    this.#listener = listener;
  }

  /** Does the handshake; rejects where it fails or the certificate is not the one of the offer. */
  async handshake({ fingerprints, isPassive }: Offer): Promise<void> {
    const remote = fingerprints.map(({ algorithm, value }) => new RTCDtlsFingerprint(algorithm, value));
    this.role = isPassive ? 'client' : 'server';
    this.setRemoteParams(new RTCDtlsParameters(remote, isPassive ? 'server' : 'client'));
    await this.start();
  }

  override startSrtp(): void {
    this.updateSrtpSession();
    this.#ice.onData.subscribe((data) => this.#take(data));
  }

  /** Encrypts a packet and sends it. */
  sendPacket({ payload, ...header }: OutgoingRtp): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#ice.sendNow(this.srtp.encrypt(bytes, new RtpHeader(header)));
  }

  /** Encrypts a compound packet and sends it. */
  sendCompound(packets: readonly RtcpPacket[]): void {
    this.#ice.sendNow(this.srtcp.encrypt(encodeRtcp(packets)));
  }

  #take(data: Buffer): void {
    const [first = 0, second = 0] = data;
    // RFC 7983 7 tells media from the rest, RFC 5761 4 RTCP from RTP.
    if (first < 128 || first > 191) return;
    try {
      if (second >= 192 && second <= 223) this.#takeRtcp(this.srtcp.decrypt(data));
      else this.#takeRtp(data);
    } catch {
      // What is not authentic or too short to be is as good as lost.
    }
  }

  #takeRtcp(compound: Buffer): void {
    const at = nowMillis();
    for (const packet of decodeRtcp(compound)) this.#listener.onRtcp?.(packet, at);
  }

  #takeRtp(data: Buffer): void {
    const packet = decodeRtp(this.#decrypt(data));
    if (packet) this.#listener.onRtp?.(packet, nowMillis());
  }

  /** Decrypts with the count of wraps of RFC 3711; werift's own is lost for good by a gap across the wrap. */
  #decrypt(data: Buffer): Buffer {
    const sequenceNumber = data.readUInt16BE(2);
    const ssrc = data.readUInt32BE(8);
    const known = this.#rollovers.get(ssrc);
    const rollover = known ?? new Rollover();
    const wraps = rollover.guess(sequenceNumber);
    const states = this.srtp.remoteContext.srtpSSRCStates;
    states[ssrc] = {
      ssrc,
      rolloverCounter: wraps,
      lastSequenceNumber: sequenceNumber,
      rolloverHasProcessed: true,
    };
    try {
      const packet = this.srtp.decrypt(data);
      rollover.confirm(sequenceNumber, wraps);
      if (!known) this.#remember(ssrc, rollover);
      return packet;
    } finally {
      delete states[ssrc];
    }
  }

  #remember(ssrc: number, rollover: Rollover): void {
    const [oldest] = this.#rollovers.keys();
    if (this.#rollovers.size >= MAX_SOURCES && oldest !== undefined) this.#rollovers.delete(oldest);
    this.#rollovers.set(ssrc, rollover);
  }
}
