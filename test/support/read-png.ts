import { inflateSync } from 'node:zlib';

/** Reads an 8-bit RGB PNG without interlacing: uint8 [height, width, 3]. */
export function readPng(png: Uint8Array): { widthPx: number; heightPx: number; rgb: Uint8Array } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const widthPx = view.getUint32(16);
  const heightPx = view.getUint32(20);
  const form = [...png.subarray(24, 29)].join();
  if (form !== '8,2,0,0,0') throw new Error(`only 8-bit RGB without interlacing is read, got ${form}`);
  const compressed: Uint8Array[] = [];
  for (let at = 8; at < png.length; at += view.getUint32(at) + 12) {
    const name = Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1');
    if (name === 'IDAT') compressed.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const lines = inflateSync(Buffer.concat(compressed));
  const stride = widthPx * 3;
  const rgb = new Uint8Array(heightPx * stride);
  for (let y = 0; y < heightPx; y++) {
    const filter = lines[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const left = x < 3 ? 0 : rgb[y * stride + x - 3]!;
      const up = y === 0 ? 0 : rgb[(y - 1) * stride + x]!;
      const corner = x < 3 || y === 0 ? 0 : rgb[(y - 1) * stride + x - 3]!;
      rgb[y * stride + x] = lines[y * (stride + 1) + 1 + x]! + predict(filter, { left, up, corner });
    }
  }
  return { widthPx, heightPx, rgb };
}

/** PNG specification (ISO/IEC 15948), clause 9. */
function predict(filter: number, { left, up, corner }: { left: number; up: number; corner: number }): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const estimate = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
