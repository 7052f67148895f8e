import { defer, map, type OperatorFunction } from 'rxjs';
import type { GapReason } from '../../client-sdk/protocol/messages.ts';
import type { Chunk, Keyframe, TokenizableEvent } from '../types.ts';
import type { ClipControl } from './clip-control.ts';

/** A keyframe or chunk that gives no tokens, and why. */
export interface Omission {
  readonly type: 'omission';
  readonly item: Keyframe | Chunk;
  readonly reason: GapReason;
}

export interface ShedOptions {
  /** Chunks of this stream that wait for inference or run. */
  readonly backlog: () => number;
  /** Backlog at which motion is dropped. Keyframes are dropped at twice as much. */
  readonly capacity: number;
  readonly control: ClipControl;
}

/**
 * Drops work before inference when a live stream has fallen behind: motion first, keyframes last. A dropped chunk
 * ends its clip's motion, so that a keyframe is asked for.
 */
export function shed(options: ShedOptions): OperatorFunction<TokenizableEvent, TokenizableEvent | Omission> {
  return (source) =>
    defer(() => {
      // The clip that has lost a part; the rest of it is dropped too.
      let brokenClip: number | undefined;
      return source.pipe(
        map((event) => {
          if (event.type !== 'keyframe' && event.type !== 'chunk') return event;
          const limit = event.type === 'keyframe' ? 2 * options.capacity : options.capacity;
          if (event.clip !== brokenClip && options.backlog() < limit) return event;
          if (event.clip !== brokenClip) options.control.requestKeyframe();
          brokenClip = event.clip;
          return { type: 'omission', item: event, reason: 'overload' } as const;
        }),
      );
    });
}
