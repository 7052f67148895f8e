import { describe, expect, it } from 'vitest';
import { elementsOf } from '../../../pipeline/demux/nal-units.ts';
import type { AccessUnit } from '../../../pipeline/types.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';
import { PACKETIZERS } from '../../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, ReceiverRun } from '../../support/rtp-receiver-run.ts';
import { RtpSender } from '../../support/rtp-sender.ts';

const nalsOf = (unit: AccessUnit): string[] =>
  elementsOf(unit.data).map((nal) => Buffer.from(nal).toString('base64'));

describe('H.264', () => {
  it.each(['city-h264-p.h264', 'city-h264-slices.h264', 'motion-size-change.h264', 'city-h264-b.ts'])(
    'units of %s come out of its packets as the demultiplexer gives them',
    async (file) => {
      const demuxed = await runDemux(mediaFixture(file), { framesPerSecond: 25 });
      const run = new ReceiverRun();
      const sender = new RtpSender({
        ssrc: 7,
        payloadType: PAYLOAD_TYPES.h264,
        sequenceNumber: 65_530,
        timestamp: 2 ** 32 - 9000,
      });
      let lastPts = 0;
      for (const unit of demuxed.units) {
        const payloads = PACKETIZERS.h264(unit.data, {
          ...unit,
          maxPayloadBytes: 1188,
          pictureId: unit.index,
        });
        const ticks = (((unit.pts - lastPts) * 9) / 100 + 2 ** 32) % 2 ** 32;
        lastPts = unit.pts;
        run.push(...sender.packetsOf(payloads, Math.round(ticks)));
        run.pass(40);
      }
      run.end();
      expect(run.units.map(nalsOf)).toEqual(demuxed.units.map(nalsOf));
      expect(run.units.map((unit) => unit.isKeyframe)).toEqual(demuxed.units.map((unit) => unit.isKeyframe));
      expect(run.units.map((unit) => Math.round(unit.pts / 100))).toEqual(
        demuxed.units.map((unit) => Math.round(unit.pts / 100)),
      );
      expect(run.dropped).toBe(0);
      expect(run.events.filter((event) => event.type === 'format').length).toBe(demuxed.formats.length);
    },
  );
});
