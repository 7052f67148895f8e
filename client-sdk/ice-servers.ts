/** One link of an ICE server (RFC 9725 4.6): its address, then parameters with quoted values. */
const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+="(?:[^"\\]|\\.)*")*)/g;
const PARAMETER = /([\w-]+)="((?:[^"\\]|\\.)*)"/g;

/** A STUN or TURN server as `RTCPeerConnection` takes it. */
export interface IceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

/** The ICE servers that a `Link` header names; other links are passed over. */
export function iceServersOf(link: string | null): IceServer[] {
  return [...(link ?? '').matchAll(LINK)].flatMap(([, urls = '', rest = '']) => {
    const parameters = Object.fromEntries(
      [...rest.matchAll(PARAMETER)].map(([, name = '', value = '']) => [
        name,
        value.replaceAll(/\\(.)/g, '$1'),
      ]),
    );
    const { rel, username, credential } = parameters;
    if (rel !== 'ice-server') return [];
    return [
      { urls, ...(username !== undefined && { username }), ...(credential !== undefined && { credential }) },
    ];
  });
}
