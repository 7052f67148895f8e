import { randomBytes } from 'node:crypto';
import { ProtocolError, type TokenizerError } from '../../pipeline/errors.ts';
import type { Peer } from './peer.ts';

/** Bytes of an id: whoever knows it may end the connection, so it cannot be guessed (RFC 9725 5). */
const ID_BYTES = 24;
/** How long a connection's address tells why the server ended it, ms: a client may take a while to notice. */
const ENDED_MS = 60_000;

export const PEER_KINDS = ['whip', 'whep'] as const;
/** What a peer came for: to publish, or to look. */
export type PeerKind = (typeof PEER_KINDS)[number];

/** A connection as its client addresses it: the resource that its `Location` names. */
export interface PeerResource {
  readonly id: string;
  readonly kind: PeerKind;
  readonly stream: string;
  readonly peer: Peer;
  /** Entity tag of the ICE session in force, with its quotes (RFC 9725 4.3.1). */
  readonly etag: string;
  /** Ends what the client came for, as it wishes; resolves when that is done. */
  end(): Promise<unknown>;
}

type PeerAddress = Pick<PeerResource, 'kind' | 'stream'>;

/** The connections that clients may trickle to, restart and delete. */
export class PeerResources {
  readonly #now: () => number;
  readonly #resources = new Map<string, PeerResource & { etag: string }>();
  /** What the server ended, the oldest first. */
  readonly #endings = new Map<string, PeerAddress & { error: TokenizerError; untilMs: number }>();

  /** `now` gives milliseconds of a clock that is never set back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Gives a connection its id and first tag. The caller removes it when the connection has ended. */
  add(resource: Omit<PeerResource, 'id' | 'etag'>): PeerResource {
    const added = { ...resource, id: randomBytes(ID_BYTES).toString('base64url'), etag: freshTag() };
    this.#resources.set(added.id, added);
    return added;
  }

  /** Throws a `ProtocolError` where there is none of that kind and stream; for a while, why the server ended it. */
  get(kind: PeerKind, stream: string, id: string): PeerResource {
    const isMeant = (address: PeerAddress | undefined): boolean =>
      address?.kind === kind && address.stream === stream;
    const resource = this.#resources.get(id);
    if (resource && isMeant(resource)) return resource;
    this.#forgetEndings();
    const ending = this.#endings.get(id);
    if (ending && isMeant(ending)) throw ending.error;
    throw new ProtocolError('not-found', `no ${kind} connection of that name on ${stream}`);
  }

  /** Makes the tags given before stale; its ICE session is a new one. */
  renew({ id }: PeerResource): void {
    const resource = this.#resources.get(id);
    if (resource) resource.etag = freshTag();
  }

  /** The connection has ended; `error` is given where the server did that and its client should know why. */
  remove({ id, kind, stream }: PeerResource, error?: TokenizerError): void {
    this.#resources.delete(id);
    this.#forgetEndings();
    if (error) this.#endings.set(id, { kind, stream, error, untilMs: this.#now() + ENDED_MS });
  }

  #forgetEndings(): void {
    const nowMs = this.#now();
    for (const [id, { untilMs }] of this.#endings) {
      if (untilMs > nowMs) return;
      this.#endings.delete(id);
    }
  }
}

const freshTag = (): string => `"${randomBytes(9).toString('base64url')}"`;
