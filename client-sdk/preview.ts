import { FrameSocket } from './frame-socket.ts';
import { KinoglyphError } from './kinoglyph-error.ts';
import { decodePreviewFrame, type PreviewFrame } from './protocol/preview-frame.ts';
import { fullJitter, type ReconnectPolicy } from './reconnect-policy.ts';
import { type ConnectionState, reconnecting } from './reconnecting.ts';
import type { WebSocketLike } from './web-socket-like.ts';

export interface PreviewOptions {
  readonly as: 'jpeg';
  /** Also asks for the motion field of each picture. */
  readonly withMotion?: boolean | undefined;
  /** What may wait for the reader, bytes; default 1 MiB. More than that drops the oldest pictures. */
  readonly maxBufferBytes?: number | undefined;
  readonly reconnect?: ReconnectPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each change of the connection. */
  onState?(state: ConnectionState): void;
}

/** Yields the reconstructed pictures as JPEG, the newest where the reader is slow, over as many connections as it takes. */
export function readPreview(
  open: (query: Record<string, string | undefined>) => WebSocketLike,
  {
    withMotion,
    maxBufferBytes = 1024 * 1024,
    reconnect = fullJitter(),
    signal,
    onState,
  }: Omit<PreviewOptions, 'as'>,
): AsyncGenerator<PreviewFrame, void, undefined> {
  async function* readOnce(): AsyncGenerator<PreviewFrame, void, undefined> {
    const onOpen = () => onState?.('open');
    const frames = new FrameSocket(open({ motion: withMotion ? 'true' : undefined }), {
      maxBufferBytes,
      onFull: 'drop-oldest',
      onOpen,
      signal,
    });
    try {
      for await (const frame of frames) if (typeof frame !== 'string') yield decode(frame);
    } finally {
      frames.close();
    }
  }
  return reconnecting(readOnce, { reconnect, signal, onState });
}

function decode(frame: Uint8Array): PreviewFrame {
  try {
    return decodePreviewFrame(frame);
  } catch (cause) {
    throw KinoglyphError.protocol('a preview message that this version cannot read', cause);
  }
}
