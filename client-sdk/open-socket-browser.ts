import { type OpenSocket, openSocketWith, type WebSocketConstructor } from './web-socket-like.ts';

/** Opens the platform's own WebSocket. Bundlers for browsers put this module in the place of `open-socket.ts`. */
export const openSocket: OpenSocket = (url, options) =>
  openSocketWith(globalThis.WebSocket as unknown as WebSocketConstructor)(url, options);
