import { describe, expect, it } from 'vitest';
import { millis } from '../../../client-sdk/protocol/units.ts';
import { obusOf } from '../../../pipeline/demux/av1-obu.ts';
import { elementsOf } from '../../../pipeline/demux/nal-units.ts';
import type { RtpPacketView } from '../../../pipeline/rtp/rtp-packet.ts';
import type { RtpCodec, RtpReceiverOptions } from '../../../pipeline/rtp/rtp-receiver.ts';
import type { AccessUnit } from '../../../pipeline/types.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';
import { PACKETIZERS } from '../../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, RETRANSMISSION_OFFSET, ReceiverRun } from '../../support/rtp-receiver-run.ts';
import { RtpSender } from '../../support/rtp-sender.ts';
import { openUnitMaker } from '../../support/synthetic-units.ts';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** What a unit is made of, whatever start codes and sizes stand between. */
const partsOf = (codec: RtpCodec, { data }: AccessUnit): string[] => {
  if (codec === 'h264') return elementsOf(data).map(base64);
  if (codec === 'av1')
    return obusOf(data).map(({ header, payload }) => base64(Buffer.concat([header, payload])));
  return [base64(data)];
};

interface Clip {
  readonly units: readonly AccessUnit[];
  /** The packets of each unit. */
  readonly packets: readonly RtpPacketView[][];
  readonly sender: RtpSender;
}

/** A fixture, demultiplexed and packetized; the numbers and timestamps wrap around within the first pictures. */
async function readClip(file: string, codec: RtpCodec): Promise<Clip> {
  const { units } = await runDemux(mediaFixture(file), { framesPerSecond: 25 });
  const sender = new RtpSender({
    ssrc: 7,
    payloadType: PAYLOAD_TYPES[codec],
    sequenceNumber: 65_530,
    timestamp: 2 ** 32 - 9000,
  });
  let lastTicks = 0;
  const packets = units.map((unit) => {
    const payloads = PACKETIZERS[codec](unit.data, { ...unit, maxPayloadBytes: 1188, pictureId: unit.index });
    const ticks = Math.round((unit.pts * 9) / 100);
    const step = (ticks - lastTicks + 2 ** 32) % 2 ** 32;
    lastTicks = ticks;
    return sender.packetsOf(payloads, step);
  });
  return { units, packets, sender };
}

describe('whole media', () => {
  it.each([
    ['city-h264-p.h264', 'h264'],
    ['city-h264-slices.h264', 'h264'],
    ['motion-size-change.h264', 'h264'],
    ['city-h264-b.ts', 'h264'],
    ['city-vp8.webm', 'vp8'],
    ['city-vp9.webm', 'vp9'],
    ['city-av1.webm', 'av1'],
  ] as const)('%s comes out of its packets as out of the file', async (file, codec) => {
    const { units, packets } = await readClip(file, codec);
    const demuxed = await runDemux(mediaFixture(file), { framesPerSecond: 25 });
    const run = new ReceiverRun();
    for (const group of packets) {
      run.push(...group);
      run.pass(40);
    }
    run.end();
    expect(run.units.map((unit) => partsOf(codec, unit))).toEqual(units.map((unit) => partsOf(codec, unit)));
    expect(run.units.map((unit) => unit.isKeyframe)).toEqual(units.map((unit) => unit.isKeyframe));
    for (const [index, unit] of run.units.entries())
      expect(Math.abs(unit.pts - units[index]!.pts)).toBeLessThan(12);
    expect(run.events.some((event) => event.type === 'loss' || event.type === 'discontinuity')).toBe(false);
    const formats = run.events.flatMap((event) => (event.type === 'format' ? [event.format] : []));
    expect(formats).toMatchObject(
      demuxed.formats.map(({ codec, widthPx, heightPx, referencePictures, hasReordering }) => ({
        codec,
        widthPx,
        heightPx,
        referencePictures,
        hasReordering,
      })),
    );
    expect(run.receiver.statistics).toMatchObject({
      units: units.length,
      received: packets.flat().length,
      lost: 0,
      ignored: 0,
    });
  });
});

/** A stage that gets made-up pictures of one sender. */
async function openCamera(codec: RtpCodec = 'h264', options: Partial<RtpReceiverOptions> = {}) {
  const run = new ReceiverRun(options);
  const makeUnit = await openUnitMaker(codec);
  let id = -1;
  const packetsOf = (sender: RtpSender, isKeyframe: boolean, sizeBytes = 50): RtpPacketView[] => {
    id += 1;
    const { data } = makeUnit({ id, isKeyframe, sizeBytes });
    return sender.packetsOf(
      PACKETIZERS[codec](data, { isKeyframe, maxPayloadBytes: 100, pictureId: id }),
      3000,
    );
  };
  const sender = (ssrc: number, sequenceNumber = 1000, timestamp = 0): RtpSender =>
    new RtpSender({ ssrc, payloadType: PAYLOAD_TYPES[codec], sequenceNumber, timestamp });
  /** What was given, in short: units with their time in pictures. */
  const short = (): string =>
    run.events
      .filter((event) => event.type !== 'format')
      .map((event) =>
        event.type === 'unit'
          ? `${event.unit.isKeyframe ? 'key' : 'unit'}@${Math.round(event.unit.pts / (1e6 / 30))}`
          : event.type,
      )
      .join(' ');
  return { run, packetsOf, sender, short };
}

const kinds = (run: ReceiverRun): string[] => run.feedback.map(({ type }) => type);

describe('a sender', () => {
  it('is asked for a keyframe at once, and again until one comes', async () => {
    const { run, packetsOf, sender, short } = await openCamera();
    const camera = sender(1);
    for (let count = 0; count < 33; count += 1) {
      run.push(...packetsOf(camera, false));
      run.pass(33);
    }
    expect(kinds(run).filter((kind) => kind === 'pli' || kind === 'fir')).toEqual(['pli', 'pli', 'fir']);
    expect(run.receiver.statistics.keyframeState).toBe('asked');
    run.push(...packetsOf(camera, true), ...packetsOf(camera, false));
    expect(short()).toBe('loss key@0 unit@1');
    expect(run.dropped).toBe(33);
    expect(run.receiver.statistics).toMatchObject({
      keyframeState: 'idle',
      requestsIgnored: 2,
      keyframes: 1,
    });
  });

  it('is asked for a keyframe after a loss, when somebody needs one, and every so often', async () => {
    const { run, packetsOf, sender } = await openCamera('vp8', { keyframeIntervalMs: 5000 });
    const camera = sender(1);
    const plis = (): number => kinds(run).filter((kind) => kind === 'pli').length;
    const film = (pictures: number): void => {
      for (let count = 0; count < pictures; count += 1) {
        run.push(...packetsOf(camera, false));
        run.pass(33);
      }
    };
    run.push(...packetsOf(camera, true));
    film(20);
    expect(plis()).toBe(0);
    packetsOf(camera, false);
    film(20);
    expect(plis()).toBe(1);
    run.push(...packetsOf(camera, true));
    film(20);
    run.receiver.needKeyframe(run.now);
    expect(plis()).toBe(2);
    run.push(...packetsOf(camera, true));
    film(149);
    expect(plis()).toBe(2);
    film(6);
    expect(plis()).toBe(3);
  });

  it('is told every half second what it may send', async () => {
    const { run, packetsOf, sender } = await openCamera('h264', { maxBitrate: 2_500_000 });
    const camera = sender(9);
    run.push(...packetsOf(camera, true));
    for (let count = 0; count < 60; count += 1) {
      run.push(...packetsOf(camera, false));
      run.pass(33);
    }
    const told = run.feedback.filter(({ type }) => type === 'remb');
    expect(told.length).toBe(4);
    expect(told[0]).toMatchObject({ bitrate: 2_500_000, ssrcs: [9] });
  });

  it('that changes its SSRC goes on after a discontinuity, and its late packets are left alone', async () => {
    const { run, packetsOf, sender, short } = await openCamera();
    const [old, next] = [sender(1), sender(2, 40_000, 2 ** 31)];
    run.push(...packetsOf(old, true), ...packetsOf(old, false));
    const late = [packetsOf(old, false), packetsOf(old, false)].flat();
    run.pass(33);
    run.push(...packetsOf(next, true), ...packetsOf(next, false), ...late, ...packetsOf(next, false));
    run.end();
    expect(short()).toBe('key@0 unit@1 loss discontinuity key@2 unit@3 unit@4');
    expect(run.receiver.statistics).toMatchObject({ ssrc: 2, ignored: 2 });
  });

  it('may come back to an SSRC once the other one is silent', async () => {
    const { run, packetsOf, sender, short } = await openCamera('vp8');
    const [first, second] = [sender(1), sender(2, 40_000, 2 ** 31)];
    run.push(...packetsOf(first, true));
    run.push(...packetsOf(second, true));
    run.pass(1001);
    run.push(...packetsOf(first, true));
    expect(short()).toBe('key@0 loss discontinuity key@1 loss discontinuity key@2');
  });

  it.each([
    ['numbers and clock', 20_000, 2 ** 31],
    ['numbers back and clock', 40, 2 ** 31],
  ])(
    'that begins its %s anew goes on after a discontinuity, without what comes late',
    async (_what, number, timestamp) => {
      const { run, packetsOf, sender, short } = await openCamera('vp8');
      const [old, anew] = [sender(1, 40_000), sender(1, number, timestamp)];
      run.push(...packetsOf(old, true), ...packetsOf(old, false));
      const late = Array.from({ length: 4 }, () => packetsOf(old, false)).flat();
      run.push(...packetsOf(anew, true, 150), ...late, ...packetsOf(anew, false), ...packetsOf(anew, false));
      run.end();
      expect(short()).toBe('key@0 unit@1 loss discontinuity key@2 unit@3 unit@4');
      expect(run.receiver.statistics.late).toBe(4);
    },
  );

  it('that changes its codec begins with a keyframe of the new one', async () => {
    const { run, packetsOf, sender } = await openCamera('h264');
    const camera = sender(1);
    const before = [packetsOf(camera, true), packetsOf(camera, false)].flat();
    run.push(...before);
    const makeVp8 = await openUnitMaker('vp8');
    const vp8 = new RtpSender({
      ssrc: 1,
      payloadType: PAYLOAD_TYPES.vp8,
      sequenceNumber: 1000 + before.length,
      timestamp: 6000,
    });
    for (const [id, isKeyframe] of [
      [0, false],
      [1, true],
      [2, false],
    ] as const) {
      const { data } = makeVp8({ id, isKeyframe, sizeBytes: 40 });
      run.push(
        ...vp8.packetsOf(PACKETIZERS.vp8(data, { isKeyframe, maxPayloadBytes: 100, pictureId: id }), 3000),
      );
    }
    const given = run.events.map((event) => (event.type === 'format' ? event.format.codec : event.type));
    expect(given).toEqual(['h264', 'unit', 'unit', 'loss', 'vp8', 'unit', 'unit']);
    expect(run.receiver.statistics.codec).toBe('vp8');
  });

  it('of spatial layers is refused once, with what to do instead, and given nothing more', async () => {
    const { run, packetsOf, sender } = await openCamera('vp9');
    const camera = sender(1);
    run.push(...packetsOf(camera, true));
    const layered = Uint8Array.of(0xec, 0x11, 0x02, 3, 0x86);
    run.push(
      ...camera.packetsOf([layered], 3000),
      ...camera.packetsOf([layered], 3000),
      ...packetsOf(camera, true),
    );
    expect(run.refusals.map(({ code, message }) => [code, message])).toEqual([
      ['unsupported-codec', expect.stringContaining('L1T1')],
    ]);
    expect(run.units.length).toBe(1);
    expect(run.receiver.nextDeadline).toBeUndefined();
  });
});

describe('retransmission', () => {
  const as = { ssrc: 77, payloadType: PAYLOAD_TYPES.h264 + RETRANSMISSION_OFFSET };

  it('is asked for by number and fills the hole', async () => {
    const { run, packetsOf, sender, short } = await openCamera();
    const camera = sender(1, 65_533);
    run.push(...packetsOf(camera, true));
    const [lost, next] = [packetsOf(camera, false, 250), packetsOf(camera, false)];
    run.push(lost[0]!, ...next);
    expect(run.feedback.filter(({ type }) => type === 'nack')).toMatchObject([
      { ssrc: 1, sequenceNumbers: lost.slice(1).map(({ sequenceNumber }) => sequenceNumber) },
    ]);
    run.pass(60);
    for (const { sequenceNumber } of lost.slice(1)) run.push(camera.retransmit(sequenceNumber, as)!);
    expect(short()).toBe('key@0 unit@1 unit@2');
    expect(run.receiver.statistics).toMatchObject({ recovered: 2, lost: 0, nacks: 2, roundTripMs: 60 });
  });

  it('of nothing, of what was never missed and of what was given up changes nothing', async () => {
    const { run, packetsOf, sender, short } = await openCamera();
    const camera = sender(1);
    run.push(...packetsOf(camera, true));
    const lost = packetsOf(camera, false);
    run.push(...packetsOf(camera, false));
    run.pass(500);
    const before = short();
    run.push({ ...camera.retransmit(lost[0]!.sequenceNumber, as)! });
    run.push(camera.retransmit(1000, as)!);
    run.push({ ...camera.retransmit(1000, as)!, payload: new Uint8Array(0) });
    run.push({ ...camera.retransmit(1000, as)!, payload: Uint8Array.of(9) });
    expect(short()).toBe(before);
    expect(run.receiver.statistics).toMatchObject({ late: 1, duplicate: 1, ignored: 2, lost: 1 });
  });

  it('of an SSRC that was left fills no hole of the one that followed', async () => {
    const { run, packetsOf, sender, short } = await openCamera('vp8');
    const [old, next] = [sender(1, 1000), sender(2, 1000)];
    const as = { ssrc: 77, payloadType: PAYLOAD_TYPES.vp8 + RETRANSMISSION_OFFSET };
    run.push(...packetsOf(old, true));
    run.push(old.retransmit(1000, as)!);
    const wrong = [packetsOf(old, false), packetsOf(old, false)].flat();
    run.push(...packetsOf(next, true));
    packetsOf(next, false);
    run.push(...packetsOf(next, false));
    for (const { sequenceNumber } of wrong) run.push(old.retransmit(sequenceNumber, as)!);
    run.pass(500);
    expect(short()).toBe('key@0 loss discontinuity key@1 loss unit@3');
    expect(run.receiver.statistics).toMatchObject({ recovered: 0, ignored: 2 });
  });
});

describe('time', () => {
  it('of capture is told from the first sender report on', async () => {
    const { run, packetsOf, sender } = await openCamera();
    const camera = sender(1);
    run.push(...packetsOf(camera, true));
    const report = {
      ssrc: 1,
      ntpSeconds: 2_208_988_800 + 1_700_000_000,
      ntpFraction: 2 ** 31,
      rtpTimestamp: 3000,
    };
    run.receiver.senderReport({ ...report, ssrc: 2 }, run.now);
    run.push(...packetsOf(camera, false));
    run.receiver.senderReport(report, run.now);
    run.push(...packetsOf(camera, false), ...packetsOf(camera, false));
    const captured = run.units.map((unit) => unit.captured);
    expect(captured.slice(0, 2)).toEqual([undefined, undefined]);
    expect(captured[2]).toBeCloseTo(1_700_000_000_500 + 2000 / 30, 2);
    expect(captured[3]).toBeCloseTo(1_700_000_000_500 + 3000 / 30, 2);
  });

  it('of arrival is that of the last packet to come', async () => {
    const { run, packetsOf, sender } = await openCamera();
    const begin = run.now;
    const packets = packetsOf(sender(1), true, 300);
    const [second] = packets.splice(1, 1);
    run.push(...packets);
    run.pass(30);
    run.push(second!);
    expect(run.units.map(({ received }) => received - begin)).toEqual([30]);
  });

  it('that is set back keeps nothing waiting', async () => {
    const { run, packetsOf, sender, short } = await openCamera('vp8');
    const camera = sender(1);
    run.push(...packetsOf(camera, true));
    packetsOf(camera, false);
    run.push(...packetsOf(camera, false));
    const back = millis(run.now - 3_600_000);
    for (let ms = 0; ms <= 401; ms += 1) run.receiver.advance(millis(back + ms));
    expect(short()).toBe('key@0 loss unit@2');
    expect(run.receiver.nextDeadline! - back).toBeLessThan(2000);
  });
});

it('gives what waits when it ends, and nothing afterwards', async () => {
  const { run, packetsOf, sender, short } = await openCamera('vp8');
  const camera = sender(1);
  run.push(...packetsOf(camera, true));
  packetsOf(camera, false);
  run.push(...packetsOf(camera, false), packetsOf(camera, false, 250)[0]!);
  run.end();
  run.end();
  run.push(...packetsOf(camera, true));
  run.receiver.advance(run.now);
  run.receiver.needKeyframe(run.now);
  expect(short()).toBe('key@0 loss unit@2 loss');
  expect(run.receiver.nextDeadline).toBeUndefined();
});

it('ignores payload types that were not negotiated', async () => {
  const { run, packetsOf, sender } = await openCamera();
  run.push(...packetsOf(sender(1), true).map((packet) => ({ ...packet, payloadType: 111 })));
  expect(run.receiver.statistics).toMatchObject({ ignored: 1, received: 0, ssrc: undefined });
  expect(run.receiver.nextDeadline).toBeUndefined();
});

it('loses units above the limit', async () => {
  const { run, packetsOf, sender, short } = await openCamera('h264', { maxUnitBytes: 200 });
  const camera = sender(1);
  run.push(...packetsOf(camera, true, 20), ...packetsOf(camera, false, 400), ...packetsOf(camera, false));
  expect(short()).toBe('key@0 loss unit@2');
});
