export { type CallOptions, type Client, type ConnectOptions, connect, type Stream } from './client.ts';
export { KinoglyphError, type KinoglyphErrorCode } from './kinoglyph-error.ts';
export type { PeerOptions, PeerState } from './peer-link.ts';
export type { PreviewOptions } from './preview.ts';
export type { PreviewMediaOptions } from './preview-media.ts';
export { formatCursor, parseCursor } from './protocol/cursor.ts';
export type * from './protocol/messages.ts';
export type { PackInfo } from './protocol/pack-info.ts';
export { MOTION_STEP, type PreviewFrame, type PreviewMotion } from './protocol/preview-frame.ts';
export type { Delivery } from './protocol/publish.ts';
export type { StreamInfo } from './protocol/stream-info.ts';
export type { PublishSummary } from './protocol/summary.ts';
export type { ByteSource, PublishOptions } from './publish.ts';
export {
  type MediaPublication,
  type PublishMediaOptions,
  sendableCodecs,
  type VideoCodecName,
} from './publish-media.ts';
export { fullJitter, type ReconnectPolicy } from './reconnect-policy.ts';
export type { ConnectionState } from './reconnecting.ts';
export type { TokenMessage } from './resume-point.ts';
export type { TokensOptions } from './tokens.ts';
export type { WebSocketConstructor, WebSocketLike } from './web-socket-like.ts';
