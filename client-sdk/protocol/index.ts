export { type BinaryContext, decodeBinary, encodeBinary } from './binary.ts';
export { type Cursor, formatCursor, parseCursor } from './cursor.ts';
export { ERROR_CODES, type ErrorCode, isErrorCode } from './error-codes.ts';
export { jsonSchemas } from './json-schemas.ts';
export { decodeLlmIds, type LlmPart, llmIdsOf, tokenCountOf } from './llm-ids.ts';
export * from './messages.ts';
export * from './pack-info.ts';
export { parseMessage } from './parse-message.ts';
export { cellsOf, collectIds, type PlacedIds, placeIds, positionsOf } from './positions.ts';
export {
  decodePreviewFrame,
  encodePreviewFrame,
  MOTION_STEP,
  type PreviewFrame,
  type PreviewMotion,
} from './preview-frame.ts';
export { type Problem, ProblemSchema } from './problem.ts';
export * from './publish.ts';
export * from './stream-info.ts';
export * from './summary.ts';
export { tokenLoadOf } from './token-load.ts';
export { type Micros, type Millis, micros, millis, nowMillis } from './units.ts';
export { WireError } from './wire-error.ts';
