import { randomBytes } from 'node:crypto';
import { ProtocolError } from '../../pipeline/errors.ts';
import type { Peer } from './peer.ts';

/** Bytes of an id: whoever knows it may end the connection, so it cannot be guessed (RFC 9725 5). */
const ID_BYTES = 24;

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

/** The connections that clients may trickle to, restart and delete. */
export class PeerResources {
  readonly #resources = new Map<string, PeerResource & { etag: string }>();

  /** Gives a connection its id and first tag. The caller removes it when the connection has ended. */
  add(resource: Omit<PeerResource, 'id' | 'etag'>): PeerResource {
    const added = { ...resource, id: randomBytes(ID_BYTES).toString('base64url'), etag: freshTag() };
    this.#resources.set(added.id, added);
    return added;
  }

  /** Throws a `ProtocolError` where there is none of that kind and stream. */
  get(kind: PeerKind, stream: string, id: string): PeerResource {
    const resource = this.#resources.get(id);
    if (resource?.kind === kind && resource.stream === stream) return resource;
    throw new ProtocolError('not-found', `no ${kind} connection of that name on ${stream}`);
  }

  /** Makes the tags given before stale; its ICE session is a new one. */
  renew({ id }: PeerResource): void {
    const resource = this.#resources.get(id);
    if (resource) resource.etag = freshTag();
  }

  remove({ id }: PeerResource): void {
    this.#resources.delete(id);
  }
}

const freshTag = (): string => `"${randomBytes(9).toString('base64url')}"`;
