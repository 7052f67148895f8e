/** The catalogue of error codes: HTTP status, WebSocket close code and title of each. A code is never reused. */
export const ERROR_CODES = {
  'bad-request': { status: 400, close: 4400, title: 'The request is not of the form this call takes' },
  'invalid-stream-name': { status: 400, close: 4401, title: 'Not a stream name' },
  'empty-body': { status: 400, close: 4402, title: 'The publisher sent no media' },
  'invalid-cursor': { status: 400, close: 4403, title: 'Not a cursor' },
  'bad-sdp': { status: 400, close: 4404, title: 'Not an SDP offer or fragment that can be answered' },
  unauthorized: { status: 401, close: 4410, title: 'A bearer token is needed' },
  forbidden: { status: 403, close: 4411, title: 'The token does not allow this action' },
  'foreign-origin': { status: 403, close: 4412, title: 'The Origin is not on the list' },
  'foreign-host': { status: 421, close: 4413, title: 'The Host is not on the list' },
  'not-found': { status: 404, close: 4420, title: 'No such resource' },
  'unknown-stream': { status: 404, close: 4421, title: 'No such stream' },
  'method-not-allowed': { status: 405, close: 4422, title: 'The resource has no such method' },
  'no-common-codec': { status: 406, close: 4423, title: 'No codec in common' },
  'stream-busy': { status: 409, close: 4430, title: 'Another publisher feeds this stream' },
  replaced: { status: 409, close: 4431, title: 'A new publisher took this stream over' },
  'stream-ended': { status: 410, close: 4432, title: 'The stream was ended' },
  'precondition-failed': { status: 412, close: 4433, title: 'The ICE session is another one by now' },
  'message-too-large': { status: 413, close: 1009, title: 'The message is larger than the limit' },
  'unit-too-large': { status: 413, close: 4441, title: 'An access unit is larger than the limit' },
  'picture-size': { status: 422, close: 4442, title: 'The picture size is outside the limits' },
  'unknown-container': { status: 415, close: 4450, title: 'The container was not recognized' },
  'unsupported-codec': { status: 415, close: 4451, title: 'The video codec is not supported' },
  'no-video': { status: 415, close: 4452, title: 'The container holds no video' },
  'media-type': { status: 415, close: 4457, title: 'The content type is not the one this call takes' },
  'index-at-end': { status: 415, close: 4453, title: 'The MP4 has its index at the end' },
  'content-encoding': { status: 415, close: 4454, title: 'Content-Encoding is not accepted' },
  'damaged-media': { status: 422, close: 4455, title: 'The media is damaged beyond resuming' },
  'no-pictures': { status: 422, close: 4456, title: 'No picture could be decoded' },
  'precondition-required': { status: 428, close: 4434, title: 'If-Match is missing' },
  'no-video-section': { status: 422, close: 4458, title: 'The offer has no video to send or to take' },
  stalled: { status: 408, close: 4460, title: 'The publisher stalled' },
  'slow-subscriber': { status: 408, close: 4461, title: 'The subscriber reads too slowly' },
  'wait-expired': { status: 404, close: 4462, title: 'No publisher came while the subscription waited' },
  overloaded: { status: 503, close: 4470, title: 'The server has no room for more work' },
  'too-many': { status: 503, close: 4471, title: 'A configured number is reached' },
  'shutting-down': { status: 503, close: 1001, title: 'The server is shutting down' },
  'not-ready': { status: 503, close: 4472, title: 'The models are still warming up' },
  aborted: { status: 499, close: 4473, title: 'The publisher went away' },
  'model-failed': { status: 500, close: 4480, title: 'A model failed' },
  'bad-pack': { status: 500, close: 4481, title: 'The pack does not agree with its manifest' },
  'bad-config': { status: 500, close: 4482, title: 'The configuration is not valid' },
  internal: { status: 500, close: 1011, title: 'A fault of the server' },
} as const satisfies Record<string, { status: number; close: number; title: string }>;

/** A stable name of what went wrong. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether an untrusted string names an error of the catalogue. */
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
