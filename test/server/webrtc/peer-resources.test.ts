import { expect, test } from 'vitest';
import { ProtocolError } from '../../../pipeline/errors.ts';
import type { Peer } from '../../../server/webrtc/peer.ts';
import { PeerResources } from '../../../server/webrtc/peer-resources.ts';

const codeOf = (resources: PeerResources, kind: 'whip' | 'whep', stream: string, id: string): unknown => {
  try {
    return resources.get(kind, stream, id).id;
  } catch (error) {
    return (error as ProtocolError).code;
  }
};
const resource = { stream: 'cam', peer: {} as Peer, end: async () => undefined };

test('finds a connection by its own address only, until it has ended', () => {
  const resources = new PeerResources();
  const added = resources.add({ ...resource, kind: 'whip' });
  expect(codeOf(resources, 'whip', 'cam', added.id)).toBe(added.id);
  for (const [kind, stream, id] of [
    ['whep', 'cam', added.id],
    ['whip', 'other', added.id],
    ['whip', 'cam', 'x'],
  ] as const)
    expect(codeOf(resources, kind, stream, id)).toBe('not-found');
  resources.remove(added);
  expect(codeOf(resources, 'whip', 'cam', added.id)).toBe('not-found');
});

test('tells for a minute, at that address only, why the server ended a connection', () => {
  let nowMs = 5000;
  const resources = new PeerResources(() => nowMs);
  const [first, second] = [
    resources.add({ ...resource, kind: 'whip' }),
    resources.add({ ...resource, kind: 'whip' }),
  ];
  resources.remove(first, new ProtocolError('stream-ended', 'deleted'));
  nowMs += 30_000;
  resources.remove(second, new ProtocolError('replaced', 'taken over'));
  nowMs += 29_999;
  expect(codeOf(resources, 'whip', 'cam', first.id)).toBe('stream-ended');
  expect(codeOf(resources, 'whip', 'other', first.id)).toBe('not-found');
  expect(codeOf(resources, 'whep', 'cam', first.id)).toBe('not-found');
  nowMs += 1;
  expect(codeOf(resources, 'whip', 'cam', first.id)).toBe('not-found');
  expect(codeOf(resources, 'whip', 'cam', second.id)).toBe('replaced');
});

test('gives each connection a tag, and another when its ICE session is renewed', () => {
  const resources = new PeerResources();
  const added = resources.add({ ...resource, kind: 'whep' });
  const before = added.etag;
  resources.renew(added);
  expect(resources.get('whep', 'cam', added.id).etag).not.toBe(before);
});
