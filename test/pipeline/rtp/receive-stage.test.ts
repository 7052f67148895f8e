import { describe, expect, it } from 'vitest';
import { openCamera } from '../../support/rtp-camera.ts';
import { PACKETIZERS } from '../../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, type ReceiverRun } from '../../support/rtp-receiver-run.ts';
import { RtpSender } from '../../support/rtp-sender.ts';
import { openUnitMaker } from '../../support/synthetic-units.ts';

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
