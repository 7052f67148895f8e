import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JournalMessage } from '../../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../../client-sdk/protocol/units.ts';
import { openNodeAvDecoder } from '../../../pipeline/codec/node-av-decoder.ts';
import type { OpenMedia } from '../../../pipeline/demux/demuxer.ts';
import { Scope } from '../../../pipeline/lifetime.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../../pipeline/models/pack.ts';
import type { RtpCodec } from '../../../pipeline/rtp/rtp-receiver.ts';
import { createCounters, tokenize } from '../../../pipeline/tokenizer.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';
import { PACKETIZERS } from '../../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, ReceiverRun } from '../../support/rtp-receiver-run.ts';
import { RtpSender } from '../../support/rtp-sender.ts';
import { inPieces, tokenizeAll } from '../../support/tokenize-bytes.ts';

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;
beforeAll(async () => {
  pack = await loadPack(join(import.meta.dirname, '../../fixtures/pack-tiny'));
  encoder = await createTokenEncoder(pack, { workers: 1 });
});
afterAll(() => encoder.close());

const CAPTURED_MS = 1_700_000_000_000;

/** Media that comes by RTP, with a sender report at its beginning. */
async function overRtp(file: string, codec: RtpCodec): Promise<OpenMedia> {
  const { units } = await runDemux(mediaFixture(file));
  const run = new ReceiverRun();
  const payloadType = PAYLOAD_TYPES[codec];
  const sender = new RtpSender({ ssrc: 1, payloadType, sequenceNumber: 65_500, timestamp: 0 });
  run.push(sender.padding());
  const ntpSeconds = 2_208_988_800 + CAPTURED_MS / 1000;
  run.receiver.senderReport({ ssrc: 1, ntpSeconds, ntpFraction: 0, rtpTimestamp: 0 }, run.now);
  let lastTicks = 0;
  for (const unit of units) {
    const ticks = Math.round((unit.pts * 9) / 100);
    const payloads = PACKETIZERS[codec](unit.data, { ...unit, maxPayloadBytes: 1188, pictureId: unit.index });
    run.push(...sender.packetsOf(payloads, ticks - lastTicks));
    lastTicks = ticks;
  }
  run.end();
  return async function* events() {
    yield* run.events;
  };
}

async function messagesOf(open: OpenMedia): Promise<JournalMessage[]> {
  const scope = new Scope();
  try {
    const messages$ = tokenize(open, {
      stream: 'test',
      epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      delivery: 'complete',
      motion: 'auto',
      pack,
      encoder,
      openDecoder: openNodeAvDecoder,
      limits: { maxUnitBytes: 2 ** 24, maxPixels: 4096 * 2304, windowUnits: 240, windowBytes: 2 ** 25 },
      counters: createCounters(),
      scope,
      now: nowMillis,
    });
    return await lastValueFrom(messages$.pipe(toArray()));
  } finally {
    await scope.close();
  }
}

const idsOf = (messages: readonly JournalMessage[]): number[][] =>
  messages.flatMap((message) => ('ids' in message ? [message.ids] : []));

it.each([
  ['city-h264-p.ts', 'h264'],
  ['city-vp8.webm', 'vp8'],
  ['city-vp9.webm', 'vp9'],
  ['city-av1.webm', 'av1'],
] as const)('%s gives the same ids by RTP as from the file, with capture times', async (file, codec) => {
  const live = await messagesOf(await overRtp(file, codec));
  const offline = await tokenizeAll(inPieces(mediaFixture(file), 4096), { pack, encoder });
  expect(idsOf(live).length).toBeGreaterThan(5);
  expect(idsOf(live)).toEqual(idsOf(offline));
  expect(live.map(({ type }) => type)).toEqual(offline.map(({ type }) => type));
  expect(offline.some((message) => 'captured' in message)).toBe(false);
  for (const message of live) {
    if (message.type === 'visual') expect(message.captured! - CAPTURED_MS).toBeCloseTo(message.pts / 1000, 1);
    if (message.type !== 'motion') continue;
    // A field ends with the first picture at or after its tick.
    const offsetMs = message.captured! - CAPTURED_MS - message.pts / 1000;
    expect(offsetMs).toBeGreaterThan(0);
    expect(offsetMs).toBeLessThanOrEqual(message.duration / 1000 + 80);
  }
});
