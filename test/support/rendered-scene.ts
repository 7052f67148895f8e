/** A textured plane seen by a moving camera, whose motion is therefore known exactly. */
import { seededRandom } from './seeded-random.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A camera: where in the scene a position of the picture looks at a time in seconds, and back. */
export interface Camera {
  toScene(at: Point, seconds: number): Point;
  toPicture(at: Point, seconds: number): Point;
}

/** Scales and turns about the picture's centre while moving on, each at an even pace. */
export function evenCamera(motion: {
  readonly centre: Point;
  readonly velocity?: Point;
  readonly zoomPerSecond?: number;
  readonly radiansPerSecond?: number;
}): Camera {
  const { centre, velocity = { x: 0, y: 0 }, zoomPerSecond = 1, radiansPerSecond = 0 } = motion;
  const turn = (at: Point, angle: number, scale: number): Point => ({
    x: (at.x * Math.cos(angle) - at.y * Math.sin(angle)) * scale,
    y: (at.x * Math.sin(angle) + at.y * Math.cos(angle)) * scale,
  });
  return {
    toScene: (at, seconds) => {
      const scale = zoomPerSecond ** -seconds;
      const turned = turn({ x: at.x - centre.x, y: at.y - centre.y }, -radiansPerSecond * seconds, scale);
      return { x: turned.x - velocity.x * seconds, y: turned.y - velocity.y * seconds };
    },
    toPicture: (at, seconds) => {
      const moved = { x: at.x + velocity.x * seconds, y: at.y + velocity.y * seconds };
      const turned = turn(moved, radiansPerSecond * seconds, zoomPerSecond ** seconds);
      return { x: turned.x + centre.x, y: turned.y + centre.y };
    },
  };
}

/** Luma of a plane of waves of many lengths and directions: no two places look alike. */
function createTexture(seed: number): (at: Point) => number {
  const random = seededRandom(seed);
  const waves = Array.from({ length: 12 }, (_, index) => {
    const angle = random() * 2 * Math.PI;
    const lengthPx = 9 * 1.35 ** index;
    return {
      x: (Math.cos(angle) * 2 * Math.PI) / lengthPx,
      y: (Math.sin(angle) * 2 * Math.PI) / lengthPx,
      phase: random() * 2 * Math.PI,
      height: 20,
    };
  });
  return ({ x, y }) =>
    waves.reduce((sum, wave) => sum + wave.height * Math.sin(wave.x * x + wave.y * y + wave.phase), 126);
}

/** Renders planar 4:2:0 pictures of the scene at given times in seconds. */
export function renderScene(
  camera: Camera,
  options: { widthPx: number; heightPx: number; seconds: readonly number[]; seed?: number },
): Uint8Array[] {
  const { widthPx, heightPx } = options;
  const texture = createTexture(options.seed ?? 1);
  return options.seconds.map((seconds) => {
    const picture = new Uint8Array((widthPx * heightPx * 3) / 2).fill(128);
    for (let y = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++) {
        // Luma is limited range (ITU-R BT.601 2.5.3); positions are those of pixel centres.
        const luma = texture(camera.toScene({ x: x + 0.5, y: y + 0.5 }, seconds));
        picture[y * widthPx + x] = Math.round(Math.min(235, Math.max(16, luma)));
      }
    }
    return picture;
  });
}

/** How far what is seen at a position has moved since an earlier time: now - before, px. */
export function trueMotion(camera: Camera, at: Point, time: { from: number; to: number }): Point {
  const before = camera.toPicture(camera.toScene(at, time.to), time.from);
  return { x: at.x - before.x, y: at.y - before.y };
}
