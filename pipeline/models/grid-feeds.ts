import { Tensor } from 'onnxruntime-node';
import type { Grid } from '../../client-sdk/protocol/positions.ts';
import { ladderOf } from './grid-ladder.ts';
import type { PackManifest } from './pack-manifest.ts';

/** What both graphs of keyframes are told of the grid, int32 [2]: rows, then columns; nothing where a pack has only one. */
export const gridFeeds = (
  visual: PackManifest['visual'],
  { columns, rows }: Grid,
): Readonly<Record<string, Tensor>> =>
  ladderOf(visual) ? { grid: new Tensor('int32', Int32Array.of(rows, columns), [2]) } : {};
