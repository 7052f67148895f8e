import { setMaxListeners } from 'node:events';
import { defer, finalize, type OperatorFunction } from 'rxjs';
import { reasonOf } from '../errors.ts';
import type { EncodedItem, TokenEncoder } from '../models/token-encoder.ts';
import type { Announcement, Chunk, Gap, Keyframe, TokenizableEvent } from '../types.ts';
import type { ClipControl } from './clip-control.ts';
import { mapInOrder } from './map-in-order.ts';
import type { Omission } from './shed.ts';

/** A keyframe or chunk with its codebook indices, a keyframe's also with their cells where it has `positions`. */
export type Tokenized =
  | ({ readonly type: 'visual'; readonly keyframe: Keyframe } & EncodedItem)
  | { readonly type: 'motion'; readonly chunk: Chunk; readonly ids: Uint32Array }
  | Omission
  | Announcement
  | Gap;

export interface TokenizeItemsOptions {
  readonly encoder: TokenEncoder;
  readonly isLive: boolean;
  readonly control: ClipControl;
  /** Sees each keyframe and chunk before its inference. */
  readonly onItem?: ((item: Keyframe | Chunk) => void) | undefined;
  /** Counts the items that wait for inference or run: +1 at the start of each, -1 at its end. */
  readonly onBacklog?: ((change: 1 | -1) => void) | undefined;
  readonly onFault?: ((reason: string) => void) | undefined;
}

/**
 * Turns keyframes and chunks into codebook indices, several at a time, and emits them in order. What a model could
 * not do becomes an omission; a chunk without motion has no indices and costs no inference.
 */
export function tokenizeItems(
  options: TokenizeItemsOptions,
): OperatorFunction<TokenizableEvent | Omission, Tokenized> {
  return (source) =>
    defer(() => {
      const abort = new AbortController();
      // One listener for each item under way, which the admission window bounds.
      setMaxListeners(0, abort.signal);
      return source.pipe(
        mapInOrder((event) => tokenizeOne(event, options, abort.signal)),
        finalize(() => abort.abort()),
      );
    });
}

async function tokenizeOne(
  event: TokenizableEvent | Omission,
  options: TokenizeItemsOptions,
  signal: AbortSignal,
): Promise<Tokenized> {
  if (event.type !== 'keyframe' && event.type !== 'chunk') return event;
  const encode = { isLive: options.isLive, signal };
  options.onItem?.(event);
  options.onBacklog?.(1);
  try {
    if (event.type === 'keyframe') {
      const encoded = await options.encoder.encodeKeyframe(event, encode);
      return { type: 'visual', keyframe: event, ...encoded };
    }
    const ids = event.isStill ? new Uint32Array() : await options.encoder.encodeMotion(event, encode);
    return { type: 'motion', chunk: event, ids };
  } catch (error) {
    options.onFault?.(reasonOf(error));
    options.control.requestKeyframe();
    return { type: 'omission', item: event, reason: 'inference' };
  } finally {
    options.onBacklog?.(-1);
  }
}
