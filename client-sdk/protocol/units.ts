/** Numbers that carry their unit and clock in the type, so that a media time is never added to a wall-clock one. */

declare const unit: unique symbol;

/** Media time: integer microseconds on a stream's own clock, 0 at the epoch's first picture. */
export type Micros = number & { readonly [unit]: 'micros' };

/** Wall-clock time: milliseconds since the Unix epoch, on the server's clock where nothing else is said. */
export type Millis = number & { readonly [unit]: 'millis' };

/** Trusts a number of microseconds; rounds to the integer that the wire carries. */
export const micros = (value: number): Micros => Math.round(value) as Micros;

/** Trusts a number of milliseconds. */
export const millis = (value: number): Millis => value as Millis;

/** The present, on the server's clock. */
export const nowMillis = (): Millis => millis(Date.now());
