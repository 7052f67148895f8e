/** Damages what WebRTC peers send in reproducible ways and holds the readers to what they promise for any input. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { SessionDescription } from 'werift';
import { TokenizerError } from '../../pipeline/errors.ts';
import { writeAnswer } from '../../server/webrtc/answer-sdp.ts';
import { decodeRtcp } from '../../server/webrtc/decode-rtcp.ts';
import { encodeRtcp } from '../../server/webrtc/encode-rtcp.ts';
import { namedAgent } from '../../server/webrtc/ice-lite.ts';
import { parseOffer } from '../../server/webrtc/offer-sdp.ts';
import type { RtcpPacket } from '../../server/webrtc/rtcp-packet.ts';
import { decodeRtp } from '../../server/webrtc/rtp-packet.ts';
import { parseFragment } from '../../server/webrtc/sdp-fragment.ts';
import { takeVideo } from '../../server/webrtc/take-video.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Below = (limit: number) => number;

/** A real browser's offer of sound, video and data channels. */
export const OFFER = readFileSync(new URL('../fixtures/sdp/chromium-156.sdp', import.meta.url), 'utf8');
const REPORT = {
  ssrc: 7,
  fractionLost: 3,
  packetsLost: -2,
  highestSequence: 70_000,
  jitter: 9,
  lastReport: 0xabcd,
  delaySinceLastReport: 65_536,
};

/** One packet of every kind that is sent or understood. */
export const RTCP: readonly RtcpPacket[] = [
  {
    type: 'sender-report',
    ssrc: 1,
    ntpSeconds: 3_900_000_000,
    ntpFraction: 0x8000_0000,
    rtpTimestamp: 0xffff_ffff,
    packetCount: 5,
    octetCount: 6,
    reports: [REPORT],
  },
  { type: 'receiver-report', ssrc: 2, reports: [REPORT, { ...REPORT, ssrc: 8, packetsLost: 0x7f_ffff }] },
  { type: 'bye', ssrcs: [1, 2] },
  { type: 'nack', sender: 1, media: 2, sequenceNumbers: [65_530, 65_535, 0, 9, 400] },
  { type: 'pli', sender: 1, media: 2 },
  { type: 'fir', sender: 1, media: 2, commandNumber: 255 },
  { type: 'remb', sender: 1, bitrate: 2_500_096, ssrcs: [2, 3] },
  { type: 'reference-time', sender: 1, ntpSeconds: 4, ntpFraction: 5 },
  { type: 'delay-report', sender: 1, blocks: [{ ssrc: 2, lastReference: 3, delay: 4 }] },
];

/** Runs one case; throws with the seed where a promise is broken. */
export function checkWebRtcSeed(seed: number): void {
  const random = seededRandom(seed);
  const below: Below = (limit) => Math.floor(random() * limit);
  try {
    checkOffer(damagedText(OFFER, below));
    checkFragment(damagedText(`${OFFER.slice(OFFER.indexOf('a=ice-ufrag'))}`, below));
    checkRtcp(damagedBytes(encodeRtcp(shuffled(RTCP, below)), below));
    const noise = Buffer.from(Array.from({ length: below(200) }, () => below(256)));
    checkRtcp(noise);
    decodeRtp(noise);
    decodeRtp(damagedBytes(Buffer.concat([Buffer.from([0xb1, 96, 0, 1]), noise]), below));
    namedAgent(noise);
  } catch (cause) {
    throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
  }
}

/** An offer is refused by a rule, or its answer is SDP that has the same sections. */
function checkOffer(sdp: string): void {
  const offer = orRefused(() => parseOffer(sdp));
  const taking = offer && orRefused(() => takeVideo(offer));
  if (!offer || !taking) return;
  const answer = writeAnswer(offer.media, taking.plans, {
    ice: { ufrag: 'abcd', pwd: 'a'.repeat(22) },
    candidates: [{ address: '127.0.0.1', port: 9 }],
    fingerprint: '00',
    setup: 'passive',
  });
  const read = SessionDescription.parse(answer).media.map(({ rtp }) => rtp.muxId);
  if (
    !isDeepStrictEqual(
      read,
      offer.media.map(({ mid }) => mid),
    )
  )
    throw new Error('the answer has other sections');
}

const checkFragment = (text: string): unknown => orRefused(() => parseFragment(text));

/** What is understood of a compound can be said again, and is understood the same. */
function checkRtcp(compound: Buffer): void {
  const packets = decodeRtcp(compound);
  // A mantissa of zero may come with any exponent, and a name is written but not read.
  const again = decodeRtcp(encodeRtcp(packets));
  if (!isDeepStrictEqual(again, packets)) throw new Error('RTCP changed in passing');
}

function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof TokenizerError && fault.status < 500) return undefined;
    throw fault;
  }
}

const shuffled = <T>(items: readonly T[], below: Below): T[] =>
  items
    .map((item) => ({ item, rank: below(1000) }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ item }) => item);

function damagedText(text: string, below: Below): string {
  let lines = text.split('\r\n');
  for (let count = below(8); count > 0; count -= 1) {
    const at = below(lines.length);
    const line = lines[at] ?? '';
    const other = lines[below(lines.length)] ?? '';
    const changes = [
      [],
      [line, other],
      [line.slice(0, below(line.length + 1))],
      [line.replace(/\d+/, String(below(2 ** 31) - 2 ** 30))],
      [`${line.slice(0, 2)}${String.fromCharCode(below(300))}${line.slice(3)}`],
      [line.replace(/:.*/, '')],
      [`${line} ${other}`],
    ];
    lines = lines.toSpliced(at, 1, ...(changes[below(changes.length)] ?? []));
  }
  return lines.join(below(5) === 0 ? '\n' : '\r\n');
}

/** Flips bits, cuts off the end, or repeats a part. */
export function damagedBytes(bytes: Buffer, below: Below): Buffer {
  let damaged = Buffer.from(bytes);
  for (let count = below(6); count > 0 && damaged.length > 0; count -= 1) {
    const at = below(damaged.length);
    const change = below(3);
    if (change === 0) damaged[at] = (damaged[at] ?? 0) ^ (1 << below(8));
    else if (change === 1) damaged = damaged.subarray(0, at);
    else damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at >> 1)]);
  }
  return damaged;
}
