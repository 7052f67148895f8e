import { describe, expect, it } from 'vitest';
import { AdmissionWindow } from '../../../pipeline/operators/admission-window.ts';

const unit = (index: number, bytes = 10): { index: number; data: Uint8Array } => ({
  index,
  data: new Uint8Array(bytes),
});

describe('AdmissionWindow', () => {
  it('is full when all places are taken, and has room when a message is sequenced', () => {
    const window = new AdmissionWindow({ units: 2, bytes: 1000 });
    window.take(unit(0));
    expect(window.hasRoom).toBe(true);
    window.take(unit(1));
    expect(window.hasRoom).toBe(false);
    window.sequenced(0);
    expect(window).toMatchObject({ hasRoom: true, units: 1, bytes: 10 });
  });

  it('gives bytes back at decoding and places at sequencing', () => {
    const window = new AdmissionWindow({ units: 10, bytes: 15 });
    window.take(unit(0));
    window.take(unit(1));
    expect(window).toMatchObject({ hasRoom: false, bytes: 20 });
    window.decoded(0);
    expect(window).toMatchObject({ hasRoom: true, bytes: 10, units: 2 });
    window.decoded(0);
    expect(window.bytes).toBe(10);
    window.sequenced(1);
    expect(window).toMatchObject({ bytes: 0, units: 0 });
  });

  it('admits a unit larger than all of it alone', () => {
    const window = new AdmissionWindow({ units: 10, bytes: 15 });
    expect(window.hasRoom).toBe(true);
    window.take(unit(0, 1000));
    expect(window.hasRoom).toBe(false);
    window.decoded(0);
    expect(window.hasRoom).toBe(true);
  });

  it('gives back the place of a unit that gives no picture', () => {
    const window = new AdmissionWindow({ units: 1, bytes: 1000 });
    window.take(unit(5));
    window.lost(5);
    expect(window).toMatchObject({ hasRoom: true, units: 0, bytes: 0 });
  });

  it('wakes everybody who waits, and only when there is room', async () => {
    const window = new AdmissionWindow({ units: 1, bytes: 1000 });
    window.take(unit(0));
    let woken = 0;
    const waiting = [window.room(), window.room()].map(async (room) => {
      await room;
      woken += 1;
    });
    window.decoded(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(woken).toBe(0);
    window.sequenced(0);
    await Promise.all(waiting);
    expect(woken).toBe(2);
  });

  it('grows where one message stands for more units than it holds', () => {
    const window = new AdmissionWindow({ units: 1, bytes: 1000 });
    window.take(unit(0));
    window.ensureUnits(3);
    expect(window.hasRoom).toBe(true);
    window.ensureUnits(1);
    window.take(unit(1));
    expect(window.hasRoom).toBe(true);
  });
});
