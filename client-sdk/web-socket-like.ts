/** The part of the standard WebSocket that the client uses; `ws` has it too. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer> | string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: object) => void): void;
}

/** A WebSocket class as browsers have it. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** Begins to open a WebSocket, carrying the token in the way that the platform allows. */
export type OpenSocket = (url: string, options: { token?: string | undefined }) => WebSocketLike;

/** The subprotocol by which a token comes to the server where headers cannot be set. */
const BEARER_SUBPROTOCOL = 'kinoglyph.bearer.';

/** An `OpenSocket` of a class that takes no headers: the token travels as a subprotocol. */
export const openSocketWith =
  (WebSocket: WebSocketConstructor): OpenSocket =>
  (url, { token }) =>
    new WebSocket(url, token === undefined ? [] : [BEARER_SUBPROTOCOL + token]);
