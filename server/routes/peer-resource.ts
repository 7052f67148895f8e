import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { ProtocolError } from '../../pipeline/errors.ts';
import type { Action } from '../config-schema.ts';
import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';
import { equalIceParameters } from '../webrtc/ice-credentials.ts';
import { type Offer, parseOffer } from '../webrtc/offer-sdp.ts';
import type { PeerKind, PeerResource } from '../webrtc/peer-resources.ts';
import { parseFragment, type SdpFragment } from '../webrtc/sdp-fragment.ts';
import type { IceServer } from '../webrtc-config.ts';

/** Content types of RFC 9725: an offer or answer, and a part of one (RFC 8840). */
export const SDP = 'application/sdp';
export const SDP_FRAGMENT = 'application/trickle-ice-sdpfrag';

/** What may be wrong with the body of a call that takes SDP. */
export const SDP_ERRORS = ['bad-sdp', 'media-type', 'message-too-large'] as const;

/** What a connection's address may answer for a while after the server ended it. */
const ENDINGS: Record<PeerKind, readonly ErrorCode[]> = {
  whip: [
    'replaced',
    'stream-ended',
    'stalled',
    'overloaded',
    'shutting-down',
    'model-failed',
    'unsupported-codec',
    'picture-size',
    'unit-too-large',
    'no-pictures',
  ],
  whep: [],
};

const ParametersSchema = z.object({ connection: z.string() });

/** The offer in the body of a POST. Throws a `ProtocolError` where the body is none. */
export function offerOf(request: FastifyRequest): Offer {
  return parseOffer(textOf(request, SDP));
}

/** Answers a POST: 201 with the answer, the resource's address and tag, and the servers that a peer may use. */
export function sendCreated(
  reply: FastifyReply,
  resource: PeerResource,
  { config }: Pick<AppContext, 'config'>,
): FastifyReply {
  const { kind, stream, id, etag, peer } = resource;
  return reply
    .code(201)
    .header('location', `/v1/streams/${stream}/${kind}/${id}`)
    .header('etag', etag)
    .header('accept-patch', SDP_FRAGMENT)
    .headers(linksOf(config.iceServers))
    .header('cache-control', 'no-store')
    .type(SDP)
    .send(peer.answer);
}

/** What a connection of one kind has beside its POST: OPTIONS before it, PATCH and DELETE after it. */
export const peerResourceRoutes = (
  context: AppContext,
  kind: PeerKind,
  action: Action,
): readonly RouteSpec[] => [
  describeEndpoint(context, kind, action),
  patchConnection(context, kind, action),
  deleteConnection(context, kind, action),
];

const describeEndpoint = ({ config, access }: AppContext, kind: PeerKind, action: Action): RouteSpec => ({
  method: 'OPTIONS',
  path: `/v1/streams/{stream}/${kind}`,
  summary: `What the ${kind.toUpperCase()} endpoint takes`,
  description: `Accept-Post says ${SDP}. Link names the ICE servers to who brings a token, where tokens are wanted.`,
  responses: { 204: { description: 'Accept-Post and Link' } },
  errors: ['invalid-stream-name'],
  handle: (request, reply) => {
    const stream = streamOf(request);
    const mayKnow = access.allows({ authorization: request.headers.authorization }, action, stream);
    return reply
      .code(204)
      .header('accept-post', SDP)
      .headers(mayKnow ? linksOf(config.iceServers) : {})
      .send();
  },
});

const patchConnection = (context: AppContext, kind: PeerKind, action: Action): RouteSpec => ({
  method: 'PATCH',
  path: `/v1/streams/{stream}/${kind}/{connection}`,
  summary: 'Add ICE candidates, or restart ICE',
  description:
    'If-Match carries the ETag of the ICE session, or * to restart it with the credentials of the fragment.',
  action,
  textBody: SDP_FRAGMENT,
  responses: {
    200: {
      description: 'ICE restarts; ETag is that of the new session',
      content: { [SDP_FRAGMENT]: undefined },
    },
    204: { description: 'The candidates are taken' },
  },
  errors: [
    ...SDP_ERRORS,
    'invalid-stream-name',
    'not-found',
    'precondition-required',
    'precondition-failed',
    ...ENDINGS[kind],
  ],
  handle: (request, reply) => {
    const resource = resourceOf(request, context, kind);
    const fragment = parseFragment(textOf(request, SDP_FRAGMENT));
    if (!isRestart(request, resource, fragment)) return reply.code(204).send();
    const answer = resource.peer.restartIce(fragment.ice);
    context.peerResources.renew(resource);
    return reply.code(200).header('etag', resource.etag).type(SDP_FRAGMENT).send(answer);
  },
});

const deleteConnection = (context: AppContext, kind: PeerKind, action: Action): RouteSpec => ({
  method: 'DELETE',
  path: `/v1/streams/{stream}/${kind}/{connection}`,
  summary: 'End the connection',
  description:
    'Where the server had ended a publisher, the answer says why for a minute, and not-found later, as it is after other ends.',
  action,
  responses: { 200: { description: 'The connection has ended' } },
  errors: ['invalid-stream-name', 'not-found', ...ENDINGS[kind]],
  handle: async (request, reply) => {
    await resourceOf(request, context, kind).end();
    return reply.code(200).send();
  },
});

/** A lite agent needs no candidates, so all that a fragment can change is the session itself. */
function isRestart(
  { headers }: FastifyRequest,
  { kind, etag, peer }: PeerResource,
  { ice }: SdpFragment,
): boolean {
  const condition = headers['if-match'];
  const isSame = equalIceParameters(peer.ice.remote, ice);
  // WHEP readers in use trickle without a tag; that changes nothing.
  if (condition === undefined && kind === 'whep' && isSame) return false;
  if (condition === undefined)
    throw new ProtocolError(
      'precondition-required',
      'PATCH has If-Match, with the ETag or * (RFC 9725, 4.3.1)',
    );
  const tags = condition.split(',').map((tag) => tag.trim());
  if (tags.includes('*')) return !isSame;
  if (tags.includes(etag) && isSame) return false;
  throw new ProtocolError(
    'precondition-failed',
    tags.includes(etag)
      ? 'other ICE credentials restart the session, which wants If-Match: *'
      : `If-Match must be the ETag of the session in force, got ${condition.slice(0, 80)}`,
  );
}

function resourceOf(request: FastifyRequest, { peerResources }: AppContext, kind: PeerKind): PeerResource {
  const { connection } = ParametersSchema.parse(request.params);
  return peerResources.get(kind, streamOf(request), connection);
}

function textOf({ headers, body }: FastifyRequest, wanted: string): string {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== wanted)
    throw new ProtocolError('media-type', `the body is ${wanted}, got ${type ?? 'no type'}`);
  if (typeof body === 'string' && body.length > 0) return body;
  throw new ProtocolError('bad-sdp', `the body is ${wanted}, got none`);
}

/** Link headers of RFC 9725 4.6. */
function linksOf(servers: readonly IceServer[]): { link?: string[] } {
  if (servers.length === 0) return {};
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
  const link = servers.map(({ urls, username, credential }) =>
    [
      `<${urls}>`,
      'rel="ice-server"',
      ...(username === undefined ? [] : [`username=${quoted(username)}`]),
      ...(credential === undefined ? [] : [`credential=${quoted(credential)}`, 'credential-type="password"']),
    ].join('; '),
  );
  return { link };
}
