import { type MediaDescription, type RTCRtpCodecParameters, SessionDescription } from 'werift';
import { ProtocolError, reasonOf, TokenizerError } from '../../pipeline/errors.ts';
import { type IceParameters, isIceParameters } from './ice-credentials.ts';

/** A payload type that the peer offers. */
export interface OfferedCodec {
  /** In lower case: `h264`, `vp8`, `opus`, … */
  readonly name: string;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly channels?: number | undefined;
  /** Value of `a=fmtp`, empty without one. */
  readonly format: string;
  /** Values of `a=rtcp-fb`, such as `nack pli`. */
  readonly feedback: readonly string[];
  /** Payload type by which packets of this one are sent again (RFC 4588), where there is one. */
  readonly retransmission?: number | undefined;
}

/** A media section of an offer. */
export interface OfferedMedia {
  readonly kind: string;
  readonly mid: string;
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Transport of the `m=` line, such as `UDP/TLS/RTP/SAVPF`. */
  readonly profile: string;
  /** The formats of the `m=` line as they stand. */
  readonly formats: string;
  /** In the peer's order of preference; those for retransmission are left out. */
  readonly codecs: readonly OfferedCodec[];
  /** Port and greatest message of data channels (RFC 8841), where the section offers them. */
  readonly channels?: { readonly port: number; readonly maxMessageBytes: number } | undefined;
}

/** What a peer offers, checked as far as an answer depends on it. */
export interface Offer {
  readonly ice: IceParameters;
  readonly fingerprints: readonly { readonly algorithm: string; readonly value: string }[];
  /** Whether the peer waits for this side's DTLS handshake (`a=setup:passive`), as ffmpeg does; else it begins it. */
  readonly isPassive: boolean;
  readonly media: readonly OfferedMedia[];
}

/** Sections that an offer may have; each costs a little work. */
const MAX_SECTIONS = 16;
/** What a peer takes that does not tell (RFC 8841 6.1). */
const DEFAULT_MESSAGE_BYTES = 65_536;

/** Reads an SDP offer of one bundled transport. Throws a `ProtocolError` with code `bad-sdp` and the rule. */
export function parseOffer(sdp: string): Offer {
  try {
    return toOffer(SessionDescription.parse(sdp));
  } catch (cause) {
    if (cause instanceof TokenizerError) throw cause;
    throw badSdp(`an offer is SDP: ${reasonOf(cause)}`, cause);
  }
}

function toOffer(session: SessionDescription): Offer {
  const [first] = session.media;
  if (!first) throw badSdp('an offer has media sections, got none');
  if (session.media.length > MAX_SECTIONS)
    throw badSdp(`an offer has at most ${MAX_SECTIONS} media sections, got ${session.media.length}`);
  const ice = { ufrag: first.iceParams?.usernameFragment ?? '', pwd: first.iceParams?.password ?? '' };
  if (!isIceParameters(ice)) throw badSdp('an offer has a=ice-ufrag and a=ice-pwd (RFC 8839, 5.4)');
  if (session.iceLite || first.iceParams?.iceLite)
    throw badSdp('this server is ICE lite, so its peer cannot be: a=ice-lite');
  const fingerprints = (first.dtlsParams?.fingerprints ?? []).filter(
    ({ algorithm, value }) => /^sha-\d{1,3}$/i.test(algorithm) && /^([\da-f]{2}:)+[\da-f]{2}$/i.test(value),
  );
  if (fingerprints.length === 0) throw badSdp('an offer has a=fingerprint and a=setup (RFC 8842)');
  const media = session.media.map(toMedia);
  checkBundle(session, media);
  return { ice, fingerprints, isPassive: first.dtlsParams?.role === 'server', media };
}

function checkBundle({ group }: SessionDescription, media: readonly OfferedMedia[]): void {
  const names = media.map(({ mid }) => mid);
  if (new Set(names).size !== names.length) throw badSdp('each media section has an a=mid of its own');
  if (media.length === 1) return;
  const bundle = group.find(({ semantic }) => semantic === 'BUNDLE')?.items ?? [];
  const missing = names.find((name) => !bundle.includes(name));
  if (missing !== undefined) throw badSdp(`all media sections share one bundle; a=mid:${missing} is outside`);
}

function toMedia(section: MediaDescription): OfferedMedia {
  const mid = section.rtp.muxId ?? '';
  if (!/^[\w!#$%&'*+.^`{|}~-]{1,64}$/.test(mid))
    throw badSdp('each media section has an a=mid (RFC 5888, 4)');
  const isRtp = section.kind === 'audio' || section.kind === 'video';
  if (isRtp && !section.rtcpMux)
    throw badSdp(`RTP and RTCP share a port; a=rtcp-mux is missing at a=mid:${mid}`);
  return {
    kind: section.kind,
    mid,
    direction: section.direction ?? 'sendrecv',
    profile: section.profile,
    formats: section.fmt.join(' '),
    codecs: codecsOf(section.rtp.codecs),
    channels: section.sctpPort
      ? { port: section.sctpPort, maxMessageBytes: messageBytesOf(section) }
      : undefined,
  };
}

const messageBytesOf = ({ sctpCapabilities }: MediaDescription): number =>
  Number.isSafeInteger(sctpCapabilities?.maxMessageSize)
    ? (sctpCapabilities?.maxMessageSize ?? DEFAULT_MESSAGE_BYTES)
    : DEFAULT_MESSAGE_BYTES;

function codecsOf(offered: readonly RTCRtpCodecParameters[]): OfferedCodec[] {
  const codecs = offered.filter(({ payloadType }) => isPayloadType(payloadType));
  const retransmissions = codecs.filter(({ name }) => name.toLowerCase() === 'rtx');
  const retransmissionOf = (payloadType: number): number | undefined =>
    retransmissions.find(
      ({ parameters }) => /(?:^|;)\s*apt=(\d+)/.exec(parameters ?? '')?.[1] === `${payloadType}`,
    )?.payloadType;
  return codecs
    .filter(({ name }) => name.toLowerCase() !== 'rtx')
    .map(({ name, payloadType, clockRate, channels, parameters, rtcpFeedback }) => ({
      name: name.toLowerCase(),
      payloadType,
      clockRate,
      channels,
      format: parameters ?? '',
      feedback: rtcpFeedback.map(({ type, parameter }) => (parameter ? `${type} ${parameter}` : type)),
      retransmission: retransmissionOf(payloadType),
    }));
}

/** Types 64 to 95 are taken for RTCP where both share a port (RFC 5761 4). */
const isPayloadType = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < 128 && (value < 64 || value > 95);

const badSdp = (detail: string, cause?: unknown): ProtocolError =>
  new ProtocolError('bad-sdp', detail, { cause });
