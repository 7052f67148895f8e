import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Message } from '../../client-sdk/protocol/messages.ts';

/** What a connection was opened with, and the server's end of it. */
export interface Visit {
  readonly socket: WebSocket;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: IncomingMessage['headers'];
  /** Which connection this is, from 0. */
  readonly index: number;
}

export interface Script {
  onConnect?(visit: Visit): void | Promise<void>;
  /** Answers a WebSocket upgrade with a refusal. */
  refuse?(index: number): { status: number; body: string } | undefined;
  onRequest?(request: IncomingMessage, response: ServerResponse): void;
}

/** A real server on a free port whose behaviour a test writes down. */
export class ScriptedServer implements AsyncDisposable {
  readonly url: string;
  readonly visits: Visit[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: WebSocketServer;

  private constructor(server: ReturnType<typeof createServer>, sockets: WebSocketServer) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = createServer((request, response) => script.onRequest?.(request, response));
    const sockets = new WebSocketServer({ noServer: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const scripted = new ScriptedServer(server, sockets);
    let upgrades = 0;
    server.on('upgrade', (request, stream, head) => {
      const refusal = script.refuse?.(upgrades);
      upgrades += 1;
      if (refusal) {
        const { status, body } = refusal;
        stream.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
        return;
      }
      sockets.handleUpgrade(request, stream, head, (socket) => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://host');
        const visit = {
          socket,
          path: pathname,
          query: Object.fromEntries(searchParams),
          headers: request.headers,
          index: scripted.visits.length,
        };
        scripted.visits.push(visit);
        void script.onConnect?.(visit);
      });
    });
    return scripted;
  }

  /** Connections that the client has not closed. */
  get openConnections(): number {
    return this.#sockets.clients.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Sends messages in the text form. */
export function sendAll(socket: WebSocket, messages: readonly Message[]): void {
  for (const message of messages) socket.send(JSON.stringify(message));
}

/** Resolves when the peer has closed; with the code that it gave. */
export const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', resolve));
