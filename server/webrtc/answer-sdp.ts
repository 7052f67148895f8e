import { randomInt } from 'node:crypto';
import { candidateFoundation, candidatePriority } from 'werift';
import { assertNever } from '../../pipeline/errors.ts';
import type { IceParameters } from './ice-credentials.ts';
import type { OfferedCodec, OfferedMedia } from './offer-sdp.ts';
import type { Endpoint } from './udp-mux.ts';

/** What becomes of an offered media section. */
export type MediaPlan =
  | { readonly type: 'receive'; readonly codec: OfferedCodec; readonly feedback: readonly string[] }
  | {
      readonly type: 'send';
      readonly codec: OfferedCodec;
      readonly feedback: readonly string[];
      readonly ssrc: number;
      /** Source of what is sent again, where the codec has a retransmission. */
      readonly retransmissionSsrc: number;
      readonly cname: string;
    }
  | { readonly type: 'channels' }
  /** Kept without media in either direction. */
  | { readonly type: 'idle' };

/** RTCP feedback that a receiver of ours gives, as far as the peer offers it. */
const RECEIVER_FEEDBACK = ['goog-remb', 'ccm fir', 'nack', 'nack pli'];
/** RTCP feedback that a sender of ours understands, as far as the peer offers it. */
const SENDER_FEEDBACK = ['ccm fir', 'nack', 'nack pli', 'goog-remb'];
/** Greatest message that a peer may send on a data channel, bytes; peers have little to say. */
export const MAX_CHANNEL_MESSAGE_BYTES = 16_384;

const common = (codec: OfferedCodec, understood: readonly string[]): string[] =>
  understood.filter((feedback) => codec.feedback.includes(feedback));

/** A section whose media is taken in one codec. */
export const planReceive = (codec: OfferedCodec): MediaPlan => ({
  type: 'receive',
  codec,
  feedback: common(codec, RECEIVER_FEEDBACK),
});

/** A section on which one source is sent in one codec, under sources chosen here. */
export const planSend = (codec: OfferedCodec, cname: string): Extract<MediaPlan, { type: 'send' }> => ({
  type: 'send',
  codec,
  feedback: common(codec, SENDER_FEEDBACK),
  ssrc: randomInt(1, 2 ** 31),
  retransmissionSsrc: randomInt(2 ** 31, 2 ** 32),
  cname,
});

/** A section of data channels, which the peer opens. */
export const planChannels = (): MediaPlan => ({ type: 'channels' });

/** What an answer tells of the connection itself. */
export interface AnswerTransport {
  readonly ice: IceParameters;
  readonly candidates: readonly Endpoint[];
  /** SHA-256 of the certificate, in hexadecimal pairs with colons. */
  readonly fingerprint: string;
  /** Who begins the DTLS handshake: this side, or the peer. */
  readonly setup: 'active' | 'passive';
}

/** The SDP answer of a lite ICE agent, with all candidates. */
export function writeAnswer(
  media: readonly OfferedMedia[],
  plans: readonly MediaPlan[],
  transport: AnswerTransport,
): string {
  const sections = media.map((offered, index) =>
    sectionOf(offered, plans[index] ?? { type: 'idle' }, transport),
  );
  return joined([
    'v=0',
    `o=- ${randomInt(2 ** 47)} 1 IN IP4 0.0.0.0`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${media.map(({ mid }) => mid).join(' ')}`,
    'a=msid-semantic:WMS *',
    'a=ice-lite',
    ...sections.flat(),
  ]);
}

/** The fragment that answers an ICE restart (RFC 8840 9, RFC 9725 4.3.3). */
export const writeFragment = ({ mid, kind, profile }: OfferedMedia, transport: AnswerTransport): string =>
  joined([
    `a=ice-ufrag:${transport.ice.ufrag}`,
    `a=ice-pwd:${transport.ice.pwd}`,
    'a=ice-lite',
    `m=${kind} 9 ${profile} 0`,
    `a=mid:${mid}`,
    ...candidateLines(transport.candidates),
  ]);

function sectionOf(offered: OfferedMedia, plan: MediaPlan, transport: AnswerTransport): string[] {
  return [
    `m=${offered.kind} 9 ${offered.profile} ${formatsOf(offered, plan)}`,
    'c=IN IP4 0.0.0.0',
    ...candidateLines(transport.candidates),
    `a=ice-ufrag:${transport.ice.ufrag}`,
    `a=ice-pwd:${transport.ice.pwd}`,
    `a=fingerprint:sha-256 ${transport.fingerprint}`,
    `a=setup:${transport.setup}`,
    `a=mid:${offered.mid}`,
    ...mediaLines(offered, plan),
  ];
}

function mediaLines(offered: OfferedMedia, plan: MediaPlan): string[] {
  switch (plan.type) {
    case 'receive':
      return ['a=recvonly', ...rtpLines(plan.codec, plan.feedback)];
    case 'send':
      return ['a=sendonly', ...rtpLines(plan.codec, plan.feedback), ...sourceLines(plan)];
    case 'channels':
      return [
        `a=sctp-port:${offered.channels?.port ?? 5000}`,
        `a=max-message-size:${MAX_CHANNEL_MESSAGE_BYTES}`,
      ];
    case 'idle': {
      const [codec] = offered.codecs;
      return ['a=inactive', ...(codec ? rtpLines({ ...codec, retransmission: undefined }, []) : [])];
    }
    default:
      return assertNever(plan);
  }
}

function formatsOf(offered: OfferedMedia, plan: MediaPlan): string {
  if (plan.type === 'channels') return offered.formats;
  if (plan.type === 'idle') return `${offered.codecs[0]?.payloadType ?? offered.formats}`;
  const { payloadType, retransmission } = plan.codec;
  return retransmission === undefined ? `${payloadType}` : `${payloadType} ${retransmission}`;
}

function rtpLines(codec: OfferedCodec, feedback: readonly string[]): string[] {
  const { payloadType, name, clockRate, channels, format, retransmission } = codec;
  const suffix = channels === undefined || channels === 1 ? '' : `/${channels}`;
  return [
    'a=rtcp-mux',
    'a=rtcp-rsize',
    `a=rtpmap:${payloadType} ${encodingName(name)}/${clockRate}${suffix}`,
    ...(format === '' ? [] : [`a=fmtp:${payloadType} ${format}`]),
    ...feedback.map((value) => `a=rtcp-fb:${payloadType} ${value}`),
    ...(retransmission === undefined
      ? []
      : [`a=rtpmap:${retransmission} rtx/${clockRate}`, `a=fmtp:${retransmission} apt=${payloadType}`]),
  ];
}

/** Names are compared without case, but peers are used to these (RFC 6184 8.2.1, RFC 7741 6.1, RFC 9628 6). */
const encodingName = (name: string): string => (name === 'opus' ? name : name.toUpperCase());

function sourceLines({
  codec,
  ssrc,
  retransmissionSsrc,
  cname,
}: Extract<MediaPlan, { type: 'send' }>): string[] {
  const own = [`a=msid:${cname} ${cname}`, `a=ssrc:${ssrc} cname:${cname}`];
  if (codec.retransmission === undefined) return own;
  return [
    ...own,
    `a=ssrc-group:FID ${ssrc} ${retransmissionSsrc}`,
    `a=ssrc:${retransmissionSsrc} cname:${cname}`,
  ];
}

const candidateLines = (candidates: readonly Endpoint[]): string[] => [
  ...candidates.map(({ address, port }, index) => {
    const foundation = candidateFoundation('host', 'udp', address);
    const priority = candidatePriority('host', { localPreference: 65_535 - index });
    return `a=candidate:${foundation} 1 udp ${priority} ${address} ${port} typ host`;
  }),
  'a=end-of-candidates',
];

const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join('');
