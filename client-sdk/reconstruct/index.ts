export { type Grid, type PlacedIds, placeIds } from '../protocol/positions.ts';
export {
  type Detokenizer,
  fits,
  type Geometry,
  hasGrid,
  type KeyframeContext,
  type MotionContext,
} from './detokenizer.ts';
export { fillMasked, type MaskedField } from './fill-masked.ts';
export { MotionCompensation } from './motion-compensation.ts';
export { type MotionField, type ReconstructedPicture, Reconstructor } from './reconstructor.ts';
