import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import type { Picture } from '../../pipeline/types.ts';
import type { MediaUnits } from './media-units.ts';

/** Decodes units to pictures, which the caller owns, and fails on any fault. */
export async function decodeAll({ format, units }: MediaUnits): Promise<Picture[]> {
  await using decoder = await openNodeAvDecoder(format);
  const pictures: Picture[] = [];
  for (const unit of units) {
    const result = await decoder.decode(unit);
    pictures.push(...result.pictures);
    if (result.fault) throw result.fault;
  }
  pictures.push(...(await decoder.flush()));
  return pictures;
}
