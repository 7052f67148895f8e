import { ProtocolError } from '../../pipeline/errors.ts';
import { RTP_CODECS, type RtpCodec, type RtpMediaFormat } from '../../pipeline/rtp/rtp-receiver.ts';
import { type MediaPlan, planChannels, planReceive } from './answer-sdp.ts';
import type { Offer, OfferedCodec, OfferedMedia } from './offer-sdp.ts';

/** What is taken of an offer's video. */
export interface TakenVideo {
  readonly codec: RtpCodec;
  readonly clockRate: number;
  readonly formats: ReadonlyMap<number, RtpMediaFormat>;
  /** Payload types of retransmissions, each with the one that it carries. */
  readonly retransmissions: ReadonlyMap<number, number>;
}

/** What there is to say to a publisher's offer. */
export interface Taking {
  readonly video: TakenVideo;
  readonly plans: readonly MediaPlan[];
}

/** Names of payload formats whose media is taken, for messages. */
const TAKEN_NAMES = 'H264 (packetization-mode 0 or 1), VP8, VP9 (profile 0) and AV1 (profile 0)';

/**
 * Takes the first video that an offer sends, in H.264 if it can be, for its motion vectors can be read, else in the first
 * codec that is known. Sound is accepted, as RFC 9725 4.4.2 wants no half answer, and discarded. Throws a `ProtocolError`
 * where there is no video or no codec in common. `startBitrate`, bit/s, is where a browser begins before it has measured
 * the path; 0 leaves that to the browser.
 */
export function takeVideo({ media }: Offer, { startBitrate = 0 } = {}): Taking {
  const sends = ({ direction }: OfferedMedia): boolean =>
    direction === 'sendrecv' || direction === 'sendonly';
  const offered = media.find((section) => section.kind === 'video' && sends(section));
  if (!offered)
    throw new ProtocolError(
      'no-video-section',
      `a publisher's offer has a video section that sends, got ${listed(media)}`,
    );
  const known = offered.codecs.filter(isTaken);
  const codec = known.find(({ name }) => name === 'h264') ?? known[0];
  if (!codec)
    throw new ProtocolError(
      'no-common-codec',
      `video is taken as ${TAKEN_NAMES}, got ${offered.codecs.map(({ name }) => name.toUpperCase()).join(', ') || 'none'}`,
    );
  const told = withStartBitrate(codec, startBitrate);
  return { video: takenVideo(codec), plans: media.map((section) => planOf(section, offered, told)) };
}

function planOf(section: OfferedMedia, video: OfferedMedia, codec: OfferedCodec): MediaPlan {
  if (section === video) return planReceive(codec);
  if (section.channels) return planChannels();
  const opus = section.kind === 'audio' ? section.codecs[0] : undefined;
  return opus ? planReceive({ ...opus, feedback: [], retransmission: undefined }) : { type: 'idle' };
}

/** libwebrtc, which offers REMB, reads this parameter (kbit/s); it begins at 300 and with small pictures without it. */
function withStartBitrate(codec: OfferedCodec, startBitrate: number): OfferedCodec {
  if (startBitrate === 0 || !codec.feedback.includes('goog-remb')) return codec;
  const parameter = `x-google-start-bitrate=${Math.round(startBitrate / 1000)}`;
  return { ...codec, format: codec.format === '' ? parameter : `${codec.format};${parameter}` };
}

function takenVideo({ name, payloadType, clockRate, format, retransmission }: OfferedCodec): TakenVideo {
  const codec = RTP_CODECS.find((known) => known === name) ?? 'h264';
  const parameterSets = codec === 'h264' ? parameterSetsOf(format) : undefined;
  return {
    codec,
    clockRate,
    formats: new Map([[payloadType, { codec, parameterSets }]]),
    retransmissions: new Map(retransmission === undefined ? [] : [[retransmission, payloadType]]),
  };
}

function isTaken({ name, clockRate, format }: OfferedCodec): boolean {
  if (clockRate !== 90_000) return false;
  // Interleaved mode 2 is of no browser (RFC 6184 6.4); other profiles have other samples than 8 bits in 4:2:0.
  if (name === 'h264') return (parameterOf(format, 'packetization-mode') ?? '0') <= '1';
  if (name === 'vp9') return (parameterOf(format, 'profile-id') ?? '0') === '0';
  if (name === 'av1') return (parameterOf(format, 'profile') ?? '0') === '0';
  return name === 'vp8';
}

/** `sprop-parameter-sets` (RFC 6184 8.1). */
const parameterSetsOf = (format: string): Uint8Array[] =>
  (parameterOf(format, 'sprop-parameter-sets') ?? '')
    .split(',')
    .filter((set) => set !== '')
    .map((set) => new Uint8Array(Buffer.from(set, 'base64')));

function parameterOf(format: string, name: string): string | undefined {
  const found = format.split(';').find((parameter) => parameter.trim().toLowerCase().startsWith(`${name}=`));
  return found?.slice(found.indexOf('=') + 1).trim();
}

const listed = (media: readonly OfferedMedia[]): string =>
  media.map(({ kind, direction }) => `${kind} ${direction}`).join(', ');
