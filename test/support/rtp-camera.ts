import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type { RtpCodec, RtpReceiverOptions } from '../../pipeline/rtp/rtp-receiver.ts';
import { PACKETIZERS } from './rtp-packetizer.ts';
import { PAYLOAD_TYPES, ReceiverRun } from './rtp-receiver-run.ts';
import { RtpSender } from './rtp-sender.ts';
import { openUnitMaker } from './synthetic-units.ts';

/** A receive stage, and senders of made-up pictures, numbered over all of them. */
export async function openCamera(codec: RtpCodec = 'h264', options: Partial<RtpReceiverOptions> = {}) {
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
