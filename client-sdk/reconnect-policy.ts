/** Decides how long to wait before a connection is tried again. */
export interface ReconnectPolicy {
  /** Delay before try number `attempt` (from 0) since messages last came, ms; `undefined` to give up. */
  nextDelayMs(attempt: number): number | undefined;
}

const LADDER_MS = [0, 300, 1200, 2700, 4800, 7000];

/**
 * Waits a random part of 0, 300, 1200, 2700, 4800 and then 7000 ms, so that the clients of a restarted server do not
 * come back together, and gives up after `maxAttempts`.
 */
export const fullJitter = ({ maxAttempts = 10 } = {}): ReconnectPolicy => ({
  nextDelayMs: (attempt) =>
    attempt < maxAttempts ? Math.random() * (LADDER_MS[attempt] ?? LADDER_MS.at(-1) ?? 0) : undefined,
});
