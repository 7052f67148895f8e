/** How often the limit is looked at and told, ms. */
const INTERVAL_MS = 500;
/** Shares of lost packets above which the limit falls, and below which it rises, as in draft-ietf-rmcat-gcc 6. */
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
const RISE = 1.08;
/** Packets in an interval below which a share of them says nothing. */
const LEAST_PACKETS = 20;
/** The lowest limit, bit/s: about what a small picture takes. */
const FLOOR = 150_000;
/** Loss at a limit far above what is sent must bite at once. */
const HEADROOM = 1.5;

/** What the sender is allowed to send: a ceiling, lowered while many packets are lost, recovering afterwards. */
export class BitrateLimit {
  readonly #ceiling: number;
  #bitrate: number;
  /** Unknown while the sender is silent. */
  #nextMs: number | undefined;
  #isHeard = false;
  #beganMs = 0;
  #bytes = 0;
  #received = 0;
  #missed = 0;

  /** `ceiling` in bit/s. */
  constructor(options: { ceiling: number }) {
    this.#ceiling = options.ceiling;
    this.#bitrate = options.ceiling;
  }

  /** The limit in force, bit/s. */
  get bitrate(): number {
    return this.#bitrate;
  }

  get nextDeadlineMs(): number {
    return this.#nextMs ?? Number.POSITIVE_INFINITY;
  }

  /** A packet came, not by retransmission. */
  receive(bytes: number, atMs: number): void {
    if (this.#nextMs === undefined) {
      this.#restart(atMs);
      this.#nextMs = atMs;
    }
    this.#isHeard = true;
    this.#bytes += bytes;
    this.#received += 1;
  }

  /** Packets did not come when they should have; those that were only overtaken count back. */
  miss(packets: number): void {
    this.#missed += packets;
  }

  /** Whether the limit is to be told now. */
  advance(atMs: number): boolean {
    if (this.#nextMs === undefined || atMs < this.#nextMs) return false;
    if (this.#received + this.#missed >= LEAST_PACKETS) this.#adapt(Math.max(1, atMs - this.#beganMs));
    const isHeard = this.#isHeard;
    this.#nextMs = isHeard ? atMs + INTERVAL_MS : undefined;
    this.#isHeard = false;
    return isHeard;
  }

  #adapt(elapsedMs: number): void {
    const share = Math.max(0, this.#missed) / (this.#received + Math.max(0, this.#missed));
    const sent = ((this.#bytes * 8000) / elapsedMs) * HEADROOM;
    if (share > HIGH_LOSS) this.#bitrate = Math.min(this.#bitrate, sent) * (1 - share / 2);
    else if (share < LOW_LOSS) this.#bitrate *= RISE;
    this.#bitrate = Math.round(Math.min(this.#ceiling, Math.max(FLOOR, this.#bitrate)));
    this.#restart(this.#beganMs + elapsedMs);
  }

  #restart(atMs: number): void {
    this.#beganMs = atMs;
    this.#bytes = 0;
    this.#received = 0;
    this.#missed = 0;
  }
}
