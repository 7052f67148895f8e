/** Calls of WHIP (RFC 9725) as a client makes them, on a stream `cam`. */
import type { TestServer } from './test-server.ts';
import { openTestClient } from './webrtc-client.ts';

export const SDP = 'application/sdp';
export const FRAGMENT = 'application/trickle-ice-sdpfrag';

/** The offer of a client that is gone by then. */
export async function makeOffer(): Promise<string> {
  await using client = openTestClient();
  return await client.offer();
}

/** Calls `path` of a server; all of the options but `body` are headers. */
export function call(
  server: TestServer,
  method: string,
  path: string,
  { body, ...headers }: Record<string, string | undefined> = {},
): Promise<Response> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return fetch(new URL(path, server.url), { method, headers: given, body: body ?? null });
}

/** Offers to publish. */
export const post = (server: TestServer, sdp: string, query = ''): Promise<Response> =>
  call(server, 'POST', `/v1/streams/cam/whip${query}`, { 'content-type': SDP, body: sdp });

export const patch = (
  server: TestServer,
  location: string,
  body: string,
  ifMatch?: string,
): Promise<Response> =>
  call(server, 'PATCH', location, { 'content-type': FRAGMENT, 'if-match': ifMatch, body });

/** The connection that an answer tells of. */
export const whereIs = (response: Response): string => response.headers.get('location') ?? '';

/** Status and code of a refusal. */
export async function codeOf(response: Response): Promise<[number, string]> {
  const { code } = (await response.json()) as { code: string };
  return [response.status, code];
}

/** A fragment with the credentials of the offer, or with others. */
export const fragmentOf = (sdp: string, change: (line: string) => string = (line) => line): string =>
  [
    ...(sdp.match(/a=ice-(ufrag|pwd):.*/g) ?? []).slice(0, 2).map(change),
    'm=video 9 UDP/TLS/RTP/SAVPF 0',
    'a=mid:0',
  ]
    .map((line) => `${line.trim()}\r\n`)
    .join('');
