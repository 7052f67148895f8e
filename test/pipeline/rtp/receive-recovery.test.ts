import { describe, expect, it } from 'vitest';
import { millis } from '../../../client-sdk/protocol/units.ts';
import { openCamera } from '../../support/rtp-camera.ts';
import { PAYLOAD_TYPES, RETRANSMISSION_OFFSET } from '../../support/rtp-receiver-run.ts';

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

  it('that comes when its time is over still fills the hole, unless the time was told first', async () => {
    const late = async (isTold: boolean) => {
      const { run, packetsOf, sender, short } = await openCamera();
      const camera = sender(1);
      run.push(...packetsOf(camera, true));
      const lost = packetsOf(camera, false);
      run.push(...packetsOf(camera, false));
      const after = millis(run.now + 1000);
      if (isTold) run.receiver.advance(after);
      for (const packet of [...packetsOf(camera, false), camera.retransmit(lost[0]!.sequenceNumber, as)!])
        run.receiver.push(packet, after);
      return short();
    };
    expect(await late(false)).toBe('key@0 unit@1 unit@2 unit@3');
    expect(await late(true)).toBe('key@0 loss unit@3');
  });

  it('is not waited for where the hole is as large as an outage', async () => {
    const { run, packetsOf, sender, short } = await openCamera();
    const camera = sender(1);
    run.push(...packetsOf(camera, true));
    expect(packetsOf(camera, false, 31_000).length).toBeGreaterThan(300);
    run.push(...packetsOf(camera, false), ...packetsOf(camera, false));
    expect(short()).toBe('key@0 loss unit@3');
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
