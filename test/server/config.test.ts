import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configReference, loadConfig } from '../../server/config.ts';

const MIB = 2 ** 20;

it('has these defaults', () => {
  expect(loadConfig({ env: {} })).toEqual({
    host: '127.0.0.1',
    port: 8765,
    allowedHosts: [],
    allowedOrigins: [],
    tokens: [],
    insecure: false,
    logLevel: 'info',
    shutdownGraceMs: 8000,
    pack: 'kino-mini',
    provider: 'auto',
    workers: 0,
    threads: 1,
    motion: 'auto',
    preview: 'watched',
    previewLingerMs: 10_000,
    snapshotWaitMs: 3000,
    journalSeconds: 3600,
    journalBytes: 16 * MIB,
    lingerMs: 120_000,
    heartbeatMs: 15_000,
    subscriberBufferBytes: MIB,
    subscriberStallMs: 10_000,
    maxStreams: 32,
    maxSubscribers: 2000,
    maxSubscribersPerStream: 1000,
    maxWaiting: 64,
    waitMs: 300_000,
    maxWebSocketMessageBytes: MIB,
    maxPublishMessageBytes: 4 * MIB,
    maxUnitBytes: 16 * MIB,
    maxPixels: 4096 * 2304,
    maxPixelsPerSecond: 0,
    windowUnits: 240,
    windowBytes: 32 * MIB,
    intakeBytes: MIB,
    headerTimeoutMs: 10_000,
    stallMs: 10_000,
    drainMs: 5000,
    discardMs: 2000,
    discardBytes: 4 * MIB,
    retryAfterSeconds: 5,
    accessTokenSeconds: 300,
    webrtcHosts: [],
    webrtcPublicHosts: [],
    webrtcPortMin: 0,
    webrtcPortMax: 0,
    iceServers: [],
    maxPeers: 256,
    maxSdpBytes: 64 * 1024,
    webrtcHandshakeMs: 15_000,
    webrtcSilenceMs: 4500,
    webrtcKeyframeIntervalMs: 4000,
    webrtcStartBitrate: 1_000_000,
    webrtcMaxBitrate: 4_000_000,
  });
});

it('takes flags over the environment over the file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'kinoglyph-')), 'config.json');
  writeFileSync(file, JSON.stringify({ port: 1, workers: 1, threads: 1 }));
  const env = { KINOGLYPH_PORT: '2', KINOGLYPH_WORKERS: '2', KINOGLYPH_CONFIG: file };
  const config = loadConfig({ flags: { port: '3', logLevel: undefined }, env });
  expect([config.port, config.workers, config.threads, config.logLevel]).toEqual([3, 2, 1, 'info']);
});

it('reads lists, switches and JSON from text', () => {
  const grant = { token: 'a token that is long', actions: ['read'] };
  const config = loadConfig({
    env: {
      KINOGLYPH_ALLOWED_HOSTS: 'a.example, b.example',
      KINOGLYPH_INSECURE: '1',
      KINOGLYPH_TOKENS: JSON.stringify([grant]),
    },
  });
  expect(config).toMatchObject({ allowedHosts: ['a.example', 'b.example'], insecure: true, tokens: [grant] });
});

it('is frozen all the way down', () => {
  const config = loadConfig({ env: {} });
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.tokens)).toBe(true);
});

it.each([
  [{ port: 'many' }, '--port must be a number'],
  [{ port: 70_000 }, 'port'],
  [{ prot: 1 }, 'prot'],
  [{ logLevel: 'loud' }, 'logLevel'],
  [{ tokens: [{ actions: ['read'] }] }, 'either token or sha256'],
  [{ tokens: [{ token: 'short', actions: ['read'] }] }, '16 characters'],
])('refuses %o and says why', (flags, rule) => {
  expect(() => loadConfig({ flags, env: {} })).toThrow(rule);
});

it('binds beyond loopback only with tokens or insecure', () => {
  const flags = { host: '0.0.0.0' };
  const tokens = [{ token: 'a token that is long', actions: ['read'] }];
  expect(() => loadConfig({ flags, env: {} })).toThrow(
    expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('insecure') }),
  );
  expect(loadConfig({ flags: { ...flags, insecure: true }, env: {} }).host).toBe('0.0.0.0');
  expect(loadConfig({ flags: { ...flags, tokens }, env: {} }).host).toBe('0.0.0.0');
  expect(loadConfig({ flags: { host: '::1' }, env: {} }).host).toBe('::1');
});

it('refuses a range of UDP ports that ends before it begins', () => {
  const flags = { webrtcPortMin: 9000, webrtcPortMax: 8999 };
  expect(() => loadConfig({ flags, env: {} })).toThrow(
    expect.objectContaining({ code: 'bad-config', message: expect.stringContaining('webrtcPortMax') }),
  );
});

it('documents every key with unit, default and meaning', () => {
  const rows = configReference();
  expect(rows.map(({ key }) => key)).toEqual([...new Set(rows.map(({ key }) => key))]);
  expect(Object.keys(loadConfig({ env: {} })).every((key) => rows.some((row) => row.key === key))).toBe(true);
  for (const row of rows) {
    expect(row.description, row.key).toMatch(/^.{20,}\.$/);
    expect(row.unit, row.key).toBeTruthy();
  }
  expect(rows.find(({ key }) => key === 'maxWebSocketMessageBytes')).toMatchObject({
    flag: '--max-web-socket-message-bytes',
    variable: 'KINOGLYPH_MAX_WEB_SOCKET_MESSAGE_BYTES',
    unit: 'bytes',
  });
});
