import { afterAll, beforeAll, expect, it } from 'vitest';
import { ModelError } from '../../../pipeline/errors.ts';
import { openTestEngine, startTestServer, type TestEngine } from '../../support/test-server.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

it('is live from the beginning and ready after warm-up', async () => {
  await using server = await startTestServer(undefined);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  const before = await fetch(`${server.url}/readyz`);
  expect([before.status, before.headers.get('retry-after'), await before.json()]).toMatchObject([
    503,
    '5',
    { code: 'not-ready' },
  ]);
  server.app.readiness.resolve(engine);
  const after = await fetch(`${server.url}/readyz`);
  expect([after.status, await after.json()]).toEqual([200, { status: 'ready' }]);
});

it('tells why it will never be ready', async () => {
  await using server = await startTestServer(undefined);
  server.app.readiness.reject(new ModelError('model-failed', 'the graph has no output'));
  const response = await fetch(`${server.url}/readyz`);
  expect([response.status, await response.json()]).toMatchObject([500, { code: 'model-failed' }]);
});

it('counts refusals, messages and the event loop for Prometheus', async () => {
  await using server = await startTestServer(engine);
  await fetch(`${server.url}/v1/streams/none`);
  await fetch(`${server.url}/v1/streams/cam`, { method: 'PUT', body: '' });
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toMatch('text/plain');
  const text = await response.text();
  expect(text).toContain('kinoglyph_refusals_total{code="unknown-stream"} 1');
  expect(text).toContain('kinoglyph_refusals_total{code="empty-body"} 1');
  expect(text).toContain('kinoglyph_epochs_total{reason="failed"} 1');
  expect(text).toMatch(/kinoglyph_event_loop_delay_p99_seconds [\d.e-]+\n/);
  expect(text).toContain('kinoglyph_publishers 0');
});

it('keeps the metrics of two servers apart', async () => {
  await using one = await startTestServer(undefined);
  await using two = await startTestServer(undefined);
  await fetch(`${one.url}/nowhere`);
  const text = await (await fetch(`${two.url}/metrics`)).text();
  expect(text).not.toContain('code="not-found"');
});
