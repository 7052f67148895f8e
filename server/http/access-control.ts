import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { StreamNameSchema } from '../../client-sdk/protocol/messages.ts';
import { ProtocolError } from '../../pipeline/errors.ts';
import { ACTIONS, type Action, type Config } from '../config-schema.ts';

/** What a caller may do. */
export interface Grant {
  readonly actions: readonly Action[];
  /** Streams it is good for; all of them if absent. */
  readonly streams?: readonly string[] | undefined;
  /** Whether it came from a short-lived token, which must not make further ones. */
  readonly isMinted?: boolean | undefined;
}

/** What a call asks of a token; `mint` is open to every configured one. */
export type RequiredAction = Action | 'mint';

/** The subprotocol by which a browser, which cannot set headers, brings a token to a WebSocket. */
export const BEARER_SUBPROTOCOL = 'kinoglyph.bearer.';

/** Where a request may carry its token. */
export interface Credentials {
  readonly authorization?: string | undefined;
  /** `?access_token=`: only tokens of `mint` are taken there, for addresses end up in logs. */
  readonly queryToken?: string | undefined;
  readonly subprotocols?: string | undefined;
}

const QUERY_PREFIX = 'kq1.';
const QueryClaimsSchema = z.strictObject({
  actions: z.array(z.enum(ACTIONS)),
  streams: z.array(StreamNameSchema).optional(),
  /** Unix time, ms. */
  expires: z.int(),
});

/** Who may do what: compares bearer tokens in constant time, makes and checks short-lived query tokens. */
export class AccessControl {
  readonly #grants: readonly (Grant & { readonly digest: Buffer })[];
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(config: Pick<Config, 'tokens'>, now: () => number = Date.now) {
    this.#now = now;
    this.#grants = config.tokens.map(({ token, sha256, actions, streams }) => ({
      actions,
      streams,
      digest: token === undefined ? Buffer.from(sha256 ?? '', 'hex') : digestOf(token),
    }));
  }

  /** Whether anybody may do anything. */
  get isOpen(): boolean {
    return this.#grants.length === 0;
  }

  /** Throws `unauthorized` without a known token, `forbidden` where it does not reach that far. */
  authorize(credentials: Credentials, action: RequiredAction, stream?: string): Grant {
    if (this.isOpen) return { actions: ACTIONS };
    const grant = this.#identify(credentials);
    if (!grant)
      throw new ProtocolError('unauthorized', `${action} needs a bearer token that the server knows`);
    const isInReach = stream === undefined || reaches(grant, stream);
    const isAllowed = action === 'mint' ? !grant.isMinted : grant.actions.includes(action);
    if (isAllowed && isInReach) return grant;
    throw new ProtocolError(
      'forbidden',
      `the token does not allow ${action}${stream ? ` on ${stream}` : ''}`,
    );
  }

  /** Whether `authorize` would let the caller do it. */
  allows(credentials: Credentials, action: Action, stream: string): boolean {
    if (this.isOpen) return true;
    const grant = this.#identify(credentials);
    return grant?.actions.includes(action) === true && reaches(grant, stream);
  }

  /** A token for addresses, signed and short-lived, that allows no more than `wanted`. */
  mint(wanted: Omit<Grant, 'isMinted'>, lifeSeconds: number): { token: string; expires: number } {
    const expires = this.#now() + lifeSeconds * 1000;
    const claims = Buffer.from(JSON.stringify({ ...wanted, expires })).toString('base64url');
    return { token: `${QUERY_PREFIX}${claims}.${this.#sign(claims)}`, expires };
  }

  #identify({ authorization, queryToken, subprotocols }: Credentials): Grant | undefined {
    const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? bearerOfSubprotocols(subprotocols);
    if (bearer !== undefined)
      return bearer.startsWith(QUERY_PREFIX) ? this.#verify(bearer) : this.#find(bearer);
    return queryToken === undefined ? undefined : this.#verify(queryToken);
  }

  #find(token: string): Grant | undefined {
    const digest = digestOf(token);
    let found: Grant | undefined;
    // Every entry is compared, so that the time tells nothing.
    for (const grant of this.#grants) if (timingSafeEqual(grant.digest, digest)) found = grant;
    return found;
  }

  #verify(token: string): Grant | undefined {
    const [, claims = '', signature = ''] = /^kq1\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
    const expected = Buffer.from(this.#sign(claims));
    const got = Buffer.from(signature);
    if (claims === '' || got.length !== expected.length || !timingSafeEqual(got, expected)) return undefined;
    const grant = QueryClaimsSchema.parse(JSON.parse(Buffer.from(claims, 'base64url').toString()));
    return grant.expires > this.#now() ? { ...grant, isMinted: true } : undefined;
  }

  #sign(claims: string): string {
    return createHmac('sha256', this.#key).update(claims).digest('base64url');
  }
}

/** Whether a grant is good for a stream. */
export const reaches = ({ streams }: Grant, stream: string): boolean => streams?.includes(stream) ?? true;

/** The subprotocol to answer with: never the one that carries a token, unless nothing else was offered. */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  const [first] = offered;
  return [...offered].find((name) => !name.startsWith(BEARER_SUBPROTOCOL)) ?? first ?? false;
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

function bearerOfSubprotocols(header: string | undefined): string | undefined {
  const names = header?.split(',').map((name) => name.trim());
  return names?.find((name) => name.startsWith(BEARER_SUBPROTOCOL))?.slice(BEARER_SUBPROTOCOL.length);
}
