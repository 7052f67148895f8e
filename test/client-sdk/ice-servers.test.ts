import { expect, test } from 'vitest';
import { iceServersOf } from '../../client-sdk/ice-servers.ts';

test.each<[string | null, object[]]>([
  [null, []],
  ['<stun:stun.example.net>; rel="ice-server"', [{ urls: 'stun:stun.example.net' }]],
  [
    '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="a, b"; credential="say \\"x\\""; credential-type="password", <stun:s>; rel="ice-server"',
    [
      { urls: 'turn:turn.example.net?transport=udp', username: 'a, b', credential: 'say "x"' },
      { urls: 'stun:s' },
    ],
  ],
  ['<https://example.net>; rel="next", <stun:s>;rel="ice-server"', [{ urls: 'stun:s' }]],
])('the ICE servers of %s', (link, servers) => {
  expect(iceServersOf(link)).toEqual(servers);
});
