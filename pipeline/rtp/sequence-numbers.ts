const MODULUS = 0x1_0000;
/** Numbers by which a packet may run ahead of the newest one, as in RFC 3550 A.1 (MAX_DROPOUT). */
const GREATEST_LEAD = 3000;
/** Numbers by which a packet may come too late and still belong to this numbering. */
const GREATEST_LAG = 1000;

/** A first extended number: high enough that those before it are not negative. */
export const firstNumber = (sequenceNumber: number): number => sequenceNumber + MODULUS;

/**
 * Extends a 16-bit sequence number over its wrap-around (RFC 3550 A.1). `undefined` for one that is neither near the
 * newest extended number nor recently past: it belongs to another numbering, such as that of a sender that began anew.
 */
export function extendNumber(sequenceNumber: number, newest: number): number | undefined {
  const distance = signedDistance(newest, sequenceNumber);
  return distance <= GREATEST_LEAD && distance >= -GREATEST_LAG ? newest + distance : undefined;
}

/** Whether `next` is the sequence number after `before`. */
export const follows = (before: number, next: number): boolean => signedDistance(before, next) === 1;

/** The shorter way from one number to another, -32768 to 32767. */
function signedDistance(from: number, to: number): number {
  const forward = (((to - from) % MODULUS) + MODULUS) % MODULUS;
  return forward < MODULUS / 2 ? forward : forward - MODULUS;
}
