import { assertNever } from '../errors.ts';
import { Av1Depacketizer } from './av1-depacketizer.ts';
import type { Depacketizer } from './depacketizer.ts';
import { H264Depacketizer } from './h264-depacketizer.ts';
import type { RtpMediaFormat } from './rtp-receiver.ts';
import { Vp8Depacketizer } from './vp8-depacketizer.ts';
import { Vp9Depacketizer } from './vp9-depacketizer.ts';

/** Opens what makes access units of a payload format. */
export function openDepacketizer({ codec, parameterSets }: RtpMediaFormat): Depacketizer {
  switch (codec) {
    case 'h264':
      return new H264Depacketizer(parameterSets);
    case 'vp8':
      return new Vp8Depacketizer();
    case 'vp9':
      return new Vp9Depacketizer();
    case 'av1':
      return new Av1Depacketizer();
    default:
      return assertNever(codec);
  }
}
