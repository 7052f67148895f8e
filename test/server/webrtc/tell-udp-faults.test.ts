import type { Socket } from 'node:dgram';
import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { createLog } from '../../../server/log.ts';
import { createMetrics } from '../../../server/metrics.ts';
import { tellUdpFaults } from '../../../server/webrtc/tell-udp-faults.ts';
import { startTestServer } from '../../support/test-server.ts';

/** A log of what is at least a warning. */
function openLog() {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'warn' }, { write: (line) => lines.push(line) });
  return { log, logged: () => lines.map((line) => JSON.parse(line)) };
}

test('counts all faults, and logs them at most once a second with the last as the example', async () => {
  const { log, logged } = openLog();
  const metrics = createMetrics(() => {
    throw new Error('no gauge is read here');
  });
  let nowMs = 1000;
  const note = tellUdpFaults({ log, metrics, now: () => nowMs });
  for (const reason of ['a', 'b', 'c']) note({ direction: 'sent', cause: new Error(reason) });
  expect(logged()).toMatchObject([{ faults: 1, reason: 'a' }]);
  nowMs += 999;
  note({ direction: 'sent', cause: new Error('d') });
  nowMs += 1;
  note({ direction: 'received', cause: new Error('e') });
  expect(logged().slice(1)).toMatchObject([{ faults: 4, direction: 'received', reason: 'e', level: 40 }]);
  expect((await metrics.udpFaults.get()).values).toEqual([
    { labels: { direction: 'sent' }, value: 4 },
    { labels: { direction: 'received' }, value: 1 },
  ]);
  metrics.stop();
});

test('a server’s faults are in its log and its metrics', async () => {
  const opened: Socket[] = [];
  const note = (message: unknown): void => void opened.push((message as { socket: Socket }).socket);
  const { log, logged } = openLog();
  await using server = await startTestServer(undefined, {}, log);
  channel('udp.socket').subscribe(note);
  await server.app.peers.open();
  channel('udp.socket').unsubscribe(note);
  opened[0]?.emit('error', new Error('recvmsg ENOMEM'));
  expect(logged()).toMatchObject([{ direction: 'received', reason: 'recvmsg ENOMEM' }]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('kinoglyph_udp_faults_total{direction="received"} 1');
});
