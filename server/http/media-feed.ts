import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { PublishEndSchema } from '../../client-sdk/protocol/publish.ts';
import { ProtocolError, reasonOf, type TokenizerError } from '../../pipeline/errors.ts';
import type { Intake } from '../sessions/intake.ts';
import type { Session } from '../sessions/session.ts';

/** Brings a request's body to a session; a body that breaks off is an abort. */
export function feedFromBody({ raw }: FastifyRequest, session: Session<Intake>): void {
  const noteClose = (): void => {
    if (!raw.complete) session.finish('aborted');
  };
  raw.on('data', (chunk: Buffer) => session.intake.push(chunk));
  raw.on('end', () => session.intake.end());
  raw.on('close', noteClose);
  if (raw.destroyed) noteClose();
}

/** Brings a WebSocket's binary messages to a session; keeps what comes before there is one. */
export class WebSocketFeed {
  readonly #early: Buffer[] = [];
  #session: Session<Intake> | undefined;
  #fault: TokenizerError | undefined;
  #isClosed = false;
  #hasEnded = false;

  constructor(socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#take(data);
      else this.#takeText(data.toString());
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#session?.finish('aborted');
    });
  }

  /** What the publisher did wrong on this connection. */
  get fault(): TokenizerError | undefined {
    return this.#fault;
  }

  /** Gives everything to a session, from what came first on. */
  feed(session: Session<Intake>): void {
    this.#session = session;
    for (const chunk of this.#early.splice(0)) session.intake.push(chunk);
    if (this.#hasEnded) session.intake.end();
    else if (this.#isClosed || this.#fault) session.finish('aborted');
  }

  #take(chunk: Buffer): void {
    if (this.#session) this.#session.intake.push(chunk);
    else this.#early.push(chunk);
  }

  #takeText(text: string): void {
    try {
      PublishEndSchema.parse(JSON.parse(text));
      this.#hasEnded = true;
      this.#session?.intake.end();
    } catch (cause) {
      this.#fault ??= new ProtocolError(
        'bad-request',
        `a publisher's only text is {"type":"end"}: ${reasonOf(cause)}`,
        {
          cause,
        },
      );
      this.#session?.finish('aborted');
    }
  }
}
