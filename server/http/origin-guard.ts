import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProtocolError } from '../../pipeline/errors.ts';
import type { Config } from '../config-schema.ts';
import { hostNameOf, isLoopbackHost } from './hosts.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD']);
const PREFLIGHT_SECONDS = 600;
/** What a WHIP or WHEP client reads of an answer (RFC 9725), and when to come again. */
const EXPOSED_HEADERS = 'accept-patch, accept-post, etag, link, location, retry-after';

/** Names that a request may be addressed to: loopback, the bound host, those configured. Throws where it is another. */
export function checkHost(request: FastifyRequest, config: Config): void {
  const name = hostNameOf(request.headers.host ?? request.headers[':authority']?.toString());
  const allowed = [config.host, ...config.allowedHosts].map((host) => hostNameOf(host) ?? host.toLowerCase());
  if (name !== undefined && (isLoopbackHost(name) || allowed.includes(name))) return;
  throw new ProtocolError(
    'foreign-host',
    `Host must be a loopback name or on the list, got ${quoted(request.headers.host)}`,
  );
}

/** Upgrades and calls that change something come from no page, from one of this server, or from a listed one. */
export function checkOrigin(request: FastifyRequest, config: Config): void {
  if (SAFE_METHODS.has(request.method) && !request.ws) return;
  const { origin } = request.headers;
  if (origin === undefined || isAllowedOrigin(request, config)) return;
  throw new ProtocolError(
    'foreign-origin',
    `Origin must be this server's or on the list, got ${quoted(origin)}`,
  );
}

/** Lets pages of listed origins read the answer; everybody else's get no such leave. */
export function allowListedOrigin(request: FastifyRequest, reply: FastifyReply, config: Config): void {
  const { origin } = request.headers;
  if (origin === undefined || !isListedOrigin(origin, config)) return;
  reply
    .header('access-control-allow-origin', origin)
    .header('vary', 'Origin')
    .header('access-control-expose-headers', EXPOSED_HEADERS);
  if (!isPreflight(request)) return;
  reply
    .header('access-control-allow-methods', 'GET, PUT, POST, PATCH, DELETE')
    .header('access-control-allow-headers', 'authorization, content-type, if-match, last-event-id')
    .header('access-control-max-age', PREFLIGHT_SECONDS);
}

/** Whether a browser asks what it may send (CORS-preflight request of the Fetch standard). */
export const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

function isAllowedOrigin(request: FastifyRequest, config: Config): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  return isListedOrigin(origin, config) || isSameOrigin(origin, request.headers.host);
}

const isListedOrigin = (origin: string, config: Config): boolean =>
  config.allowedOrigins.some((listed) => new URL(listed).origin === origin);

/** A proxy may speak TLS in front, so the scheme is not compared; the host with its port is. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  try {
    const url = new URL(origin);
    return (
      host !== undefined &&
      (url.protocol === 'http:' || url.protocol === 'https:') &&
      url.host === host.toLowerCase()
    );
  } catch {
    // "null" and other opaque origins are foreign.
    return false;
  }
}

const quoted = (text: string | undefined): string => JSON.stringify(text?.slice(0, 120) ?? 'nothing');
