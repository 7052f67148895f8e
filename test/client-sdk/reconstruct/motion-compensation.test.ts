import { describe, expect, it } from 'vitest';
import type { Geometry } from '../../../client-sdk/reconstruct/detokenizer.ts';
import { MotionCompensation } from '../../../client-sdk/reconstruct/motion-compensation.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const GEOMETRY: Geometry = {
  visual: { width: 96, height: 64, columns: 16, rows: 16 },
  motion: { columns: 12, rows: 8, fieldsPerChunk: 8, fieldsPerSecond: 12 },
};
const { width, height } = GEOMETRY.visual;
const { columns, rows } = GEOMETRY.motion;

const random = seededRandom(7);
const NOISE = Float32Array.from({ length: 3 * width * height }, () => Math.round(random() * 255) / 255);

/** A field whose vectors, in px, follow from the cell. */
function fieldOf(vectorPx: (column: number, row: number) => readonly [number, number]) {
  const dx = new Float32Array(columns * rows);
  const dy = new Float32Array(columns * rows);
  for (let cell = 0; cell < columns * rows; cell += 1) {
    const [x, y] = vectorPx(cell % columns, Math.floor(cell / columns));
    dx[cell] = x / width;
    dy[cell] = y / height;
  }
  return { dx, dy };
}

function begun(keyframe = NOISE): MotionCompensation {
  const compensation = new MotionCompensation(GEOMETRY);
  compensation.begin(keyframe);
  return compensation;
}

const bytesOf = (planes: Float32Array): Uint8Array =>
  Uint8Array.from({ length: planes.length }, (_, at) =>
    Math.round(planes[(at % 3) * width * height + Math.floor(at / 3)]! * 255),
  );

/** Bytes of a rectangle of a picture. */
function crop(rgb: Uint8Array, left: number, top: number, right: number, bottom: number): number[] {
  const bytes: number[] = [];
  for (let y = top; y < bottom; y += 1)
    bytes.push(...rgb.subarray((y * width + left) * 3, (y * width + right) * 3));
  return bytes;
}

const spreadOf = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

describe('MotionCompensation', () => {
  it('gives the keyframe back, clipped to bytes', () => {
    expect(begun().render()).toEqual(bytesOf(NOISE));
    const glaring = begun(NOISE.map((value) => value * 4 - 1)).render();
    expect(glaring).toEqual(bytesOf(NOISE.map((value) => Math.max(0, Math.min(value * 4 - 1, 1)))));
  });

  it('takes vectors below 1/16 px as stillness, and says so', () => {
    const compensation = begun();
    const { dx, dy } = fieldOf((column) => [column % 2 ? 0.04 : -0.04, 0.04]);
    expect(compensation.advance(dx, dy)).toBe(false);
    expect(compensation.render()).toEqual(bytesOf(NOISE));
  });

  it('keeps still parts byte for byte beside moving ones', () => {
    const compensation = begun();
    const { dx, dy } = fieldOf((column) => [column < 4 ? 3.3 : 0, 0]);
    for (let count = 0; count < 24; count += 1) expect(compensation.advance(dx, dy)).toBe(true);
    const edge = (5 * width) / columns;
    expect(crop(compensation.render(), edge, 0, width, height)).toEqual(
      crop(bytesOf(NOISE), edge, 0, width, height),
    );
  });

  it('brings back what has left the picture', () => {
    const compensation = begun();
    const away = fieldOf(() => [9, -5]);
    const back = fieldOf(() => [-9, 5]);
    for (let count = 0; count < 3; count += 1) compensation.advance(away.dx, away.dy);
    expect(compensation.render()).not.toEqual(bytesOf(NOISE));
    for (let count = 0; count < 3; count += 1) compensation.advance(back.dx, back.dy);
    expect(compensation.render()).toEqual(bytesOf(NOISE));
  });

  it('adds fractions of px up without blurring more each time', () => {
    const compensation = begun();
    const { dx, dy } = fieldOf(() => [0.25, 0.5]);
    for (let count = 0; count < 16; count += 1) compensation.advance(dx, dy);
    const moved = crop(compensation.render(), 16, 16, 80, 56);
    expect(moved).toEqual(crop(bytesOf(NOISE), 12, 8, 76, 48));
  });

  it('blurs where neighbours do not agree, and keeps the edge of motion sharp', () => {
    const compensation = begun();
    const { dx, dy } = fieldOf((column) => [column < 6 ? 0 : 8, 0]);
    compensation.advance(dx, dy);
    const rgb = compensation.render();
    const edge = (6 * width) / columns;
    const half = width / columns / 2;
    expect(crop(rgb, 0, 0, edge - half, height)).toEqual(crop(bytesOf(NOISE), 0, 0, edge - half, height));
    expect(crop(rgb, edge + half, 0, width, height)).toEqual(
      crop(bytesOf(NOISE), edge + half - 8, 0, width - 8, height),
    );
    const between = spreadOf(crop(rgb, edge - 2, 0, edge + 2, height));
    expect(between).toBeLessThan(0.7 * spreadOf([...bytesOf(NOISE)]));
  });

  it('knows little of what comes in from outside', () => {
    const compensation = begun();
    const { dx, dy } = fieldOf(() => [12, 0]);
    compensation.advance(dx, dy);
    const rgb = compensation.render();
    expect(spreadOf(crop(rgb, 0, 0, 6, height))).toBeLessThan(0.3 * spreadOf([...bytesOf(NOISE)]));
    expect(crop(rgb, 12, 0, width, height)).toEqual(crop(bytesOf(NOISE), 0, 0, width - 12, height));
  });

  it('forgets a clip at the next', () => {
    const compensation = begun();
    const { dx, dy } = fieldOf((column) => [column, 3]);
    compensation.advance(dx, dy);
    compensation.render();
    compensation.begin(new Float32Array(3 * width * height).fill(0.2));
    expect(new Set(compensation.render())).toEqual(new Set([51]));
    compensation.advance(dx, dy);
    expect(new Set(compensation.render())).toEqual(new Set([51]));
  });
});
