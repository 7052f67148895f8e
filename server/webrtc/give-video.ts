import { VIDEO_CODECS, type VideoCodec } from '../../pipeline/codec/video-encoder.ts';
import { ProtocolError } from '../../pipeline/errors.ts';
import { type MediaPlan, planChannels, planSend } from './answer-sdp.ts';
import type { Offer, OfferedCodec, OfferedMedia } from './offer-sdp.ts';

/** The video that a viewer gets. */
export interface GivenVideo {
  readonly codec: VideoCodec;
  readonly plan: Extract<MediaPlan, { type: 'send' }>;
}

/** What there is to say to a viewer's offer. */
export interface Giving {
  /** Absent where the offer asks for data channels only. */
  readonly video: GivenVideo | undefined;
  readonly plans: readonly MediaPlan[];
}

/** `profile_idc` 66 with `constraint_set1_flag`: constrained baseline, which is what is sent (ITU-T H.264 A.2.1.1). */
const CONSTRAINED_BASELINE = /^42[4-7c-f]/i;

/**
 * Gives the first video section that receives H.264 or else VP8, and all data channels. Throws a `ProtocolError` where
 * there is neither, or no codec in common.
 */
export function giveVideo({ media }: Offer, { cname }: { cname: string }): Giving {
  const receives = ({ direction }: OfferedMedia): boolean =>
    direction === 'sendrecv' || direction === 'recvonly';
  const offered = media.find((section) => section.kind === 'video' && receives(section));
  if (!offered && !media.some(({ channels }) => channels))
    throw new ProtocolError(
      'no-video-section',
      "a viewer's offer has a video section that receives, or data channels",
    );
  const video = offered && chooseVideo(offered, cname);
  const plans = media.map((section): MediaPlan => {
    if (video && section === offered) return video.plan;
    return section.channels ? planChannels() : { type: 'idle' };
  });
  return { video, plans };
}

function chooseVideo({ codecs }: OfferedMedia, cname: string): GivenVideo {
  for (const codec of VIDEO_CODECS) {
    const [best] = codecs
      .filter((each) => each.name === codec && rankOf(each) > 0)
      .sort((one, other) => rankOf(other) - rankOf(one));
    if (best) return { codec, plan: planSend(best, cname) };
  }
  const got = codecs.map(({ name }) => name.toUpperCase()).join(', ') || 'none';
  throw new ProtocolError(
    'no-common-codec',
    `video is sent as H264 (packetization-mode 1) or VP8, got ${got}`,
  );
}

/** How well a payload type suits what is sent: 0 not at all. Every H.264 profile of 8-bit 4:2:0 decodes the baseline. */
function rankOf({ name, clockRate, format }: OfferedCodec): number {
  if (clockRate !== 90_000) return 0;
  if (name !== 'h264') return 1;
  const parameters = new Map(
    format.split(';').map((each) => each.trim().toLowerCase().split('=', 2) as [string, string | undefined]),
  );
  if (parameters.get('packetization-mode') !== '1') return 0;
  // RFC 6184 8.1: without the parameter it is the baseline profile.
  const profile = parameters.get('profile-level-id') ?? '42000a';
  if (CONSTRAINED_BASELINE.test(profile)) return 3;
  return profile.startsWith('42') ? 2 : 1;
}
