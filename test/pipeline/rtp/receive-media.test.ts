import { expect, it } from 'vitest';
import { obusOf } from '../../../pipeline/demux/av1-obu.ts';
import { elementsOf } from '../../../pipeline/demux/nal-units.ts';
import type { RtpPacketView } from '../../../pipeline/rtp/rtp-packet.ts';
import type { RtpCodec } from '../../../pipeline/rtp/rtp-receiver.ts';
import type { AccessUnit } from '../../../pipeline/types.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';
import { PACKETIZERS } from '../../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, ReceiverRun } from '../../support/rtp-receiver-run.ts';
import { RtpSender } from '../../support/rtp-sender.ts';

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
