import type { Millis } from '../../client-sdk/protocol/units.ts';

/** Seconds from 1900, which NTP counts from, to 1970 (RFC 868). */
const UNIX_EPOCH_SECONDS = 2_208_988_800;

/** A time as RTCP carries it: seconds since 1900 and units of 2^-32 s, u32 each (RFC 3550 4). */
export function toNtp(at: Millis): { ntpSeconds: number; ntpFraction: number } {
  const seconds = at / 1000 + UNIX_EPOCH_SECONDS;
  const whole = Math.floor(seconds);
  return { ntpSeconds: whole >>> 0, ntpFraction: Math.floor((seconds - whole) * 2 ** 32) };
}

/** The middle 32 bits of such a time: u16 seconds and u16 fraction, by which reports refer to it. */
export const middleOf = ({ ntpSeconds, ntpFraction }: { ntpSeconds: number; ntpFraction: number }): number =>
  (((ntpSeconds & 0xffff) << 16) | (ntpFraction >>> 16)) >>> 0;

/** Milliseconds from one such middle to a later one. */
export const millisBetween = (earlier: number, later: number): number =>
  (((later - earlier) >>> 0) / 65_536) * 1000;
