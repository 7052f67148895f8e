import { Frame, SoftwareScaleContext } from 'node-av';
import {
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
  type AVColorRange,
  type AVPixelFormat,
  SWS_ACCURATE_RND,
  SWS_AREA,
  SWS_BITEXACT,
  SWS_FULL_CHR_H_INT,
} from 'node-av/constants';
import { throwIfNegative } from './native-error.ts';

/** Pixel layouts that a picture can be had in. */
export type PixelLayout = 'rgb' | 'luma' | 'yuv420';

const TARGETS: Record<PixelLayout, { format: AVPixelFormat; range: AVColorRange }> = {
  rgb: { format: AV_PIX_FMT_RGB24, range: AVCOL_RANGE_JPEG },
  // A grey target would take its tones by way of RGB, which bends those of colours outside its gamut.
  luma: { format: AV_PIX_FMT_YUV420P, range: AVCOL_RANGE_JPEG },
  yuv420: { format: AV_PIX_FMT_YUV420P, range: AVCOL_RANGE_MPEG },
};

// Averages what a pixel covers when it shrinks, interpolates linearly when it grows. The other flags pin the rounding:
// without them the result depends on the processor's instruction set.
const SCALING = SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INT;

/** Pictures at least this high without a stated matrix are BT.709, as players take them; lower ones BT.601. */
const HD_HEIGHT_PX = 720;

/** Idle contexts that are kept; a context of a 720p source holds about 200 kB of filters and lines. */
const MAX_IDLE_CONTEXTS = 32;

const idle = new Map<string, SoftwareScaleContext[]>();
let idleCount = 0;

function openContext(): SoftwareScaleContext {
  const context = new SoftwareScaleContext();
  context.allocContext();
  throwIfNegative(context.setOption('sws_flags', SCALING), 'Set scaling flags');
  return context;
}

function borrowContext(key: string): SoftwareScaleContext {
  const context = idle.get(key)?.pop();
  if (!context) return openContext();
  idleCount--;
  return context;
}

function giveBackContext(key: string, context: SoftwareScaleContext): void {
  const waiting = idle.get(key) ?? [];
  // Deleted and set again, so that the map's order is that of the last use.
  idle.delete(key);
  idle.set(key, waiting);
  waiting.push(context);
  idleCount++;
  for (const [oldest, contexts] of idle) {
    if (idleCount <= MAX_IDLE_CONTEXTS) break;
    for (const each of contexts) each.freeContext();
    idleCount -= contexts.length;
    idle.delete(oldest);
  }
}

function allocateTarget(
  source: Frame,
  layout: PixelLayout,
  size: { widthPx: number; heightPx: number },
): Frame {
  const target = new Frame();
  target.alloc();
  target.width = size.widthPx;
  target.height = size.heightPx;
  target.format = TARGETS[layout].format;
  target.colorRange = TARGETS[layout].range;
  // Luma and chroma keep the source's matrix: only RGB is converted.
  target.colorSpace = layout === 'rgb' ? AVCOL_SPC_RGB : source.colorSpace;
  try {
    throwIfNegative(target.allocBuffer(), 'Allocate picture');
    return target;
  } catch (error) {
    target.free();
    throw error;
  }
}

/** Another handle on the same pixels, with the matrix stated; it stays valid whatever becomes of the original. */
function referTo(frame: Frame): Frame {
  const source = frame.clone();
  if (!source) throw new Error('no memory for another handle on a picture');
  if (source.colorSpace === AVCOL_SPC_UNSPECIFIED) {
    source.colorSpace = source.height >= HD_HEIGHT_PX ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
  }
  return source;
}

/**
 * Squashes a frame's pixels to a size and layout; equal pixels give equal bytes, whatever was scaled before.
 * Rows follow each other without padding. Borrows the frame only until it returns its promise.
 */
export async function scalePixels(
  frame: Frame,
  layout: PixelLayout,
  size: { widthPx: number; heightPx: number },
): Promise<Uint8Array> {
  using source = referTo(frame);
  using target = allocateTarget(source, layout, size);
  const key = [
    source.width,
    source.height,
    source.format,
    source.colorSpace,
    source.colorRange,
    layout,
    size.widthPx,
    size.heightPx,
  ].join();
  const context = borrowContext(key);
  try {
    throwIfNegative(await context.scaleFrame(target, source), 'Scale picture');
  } catch (error) {
    context.freeContext();
    throw error;
  }
  giveBackContext(key, context);
  const pixels = target.toBuffer();
  return layout === 'luma' ? pixels.subarray(0, size.widthPx * size.heightPx) : pixels;
}

/** Frees the scaling contexts that wait for their next use. */
export function freeIdleScalers(): void {
  for (const contexts of idle.values()) for (const context of contexts) context.freeContext();
  idle.clear();
  idleCount = 0;
}
