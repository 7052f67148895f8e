import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import type { RequiredAction } from './access-control.ts';

/** What a call answers, for the description. */
export interface ResponseSpec {
  readonly description: string;
  /** Media types with the name of a schema of the protocol, or nothing for bytes and streams. */
  readonly content?: Readonly<Record<string, string | z.ZodType | undefined>>;
}

/** One call of the interface: the one source of its route, its checks and its description. */
export interface RouteSpec {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Path with parameters in braces, as OpenAPI writes it. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** What the caller's token must allow; everybody may call it if absent. */
  readonly action?: RequiredAction;
  readonly query?: z.ZodObject;
  /** JSON body. */
  readonly body?: z.ZodType;
  /** Content type of a body of text. */
  readonly textBody?: string;
  /** Whether the body is a byte stream that the handler reads for itself. */
  readonly takesBytes?: boolean;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  readonly errors: readonly ErrorCode[];
  /** What the call does on a WebSocket upgrade. */
  readonly webSocket?: WebSocketSpec;
  /** Answers the request; absent where the call is a WebSocket only. */
  handle?(request: FastifyRequest, reply: FastifyReply): unknown;
}

export interface WebSocketSpec {
  readonly description: string;
  /** Attaches its handlers before it awaits anything; what it throws closes the socket with the error's code. */
  open(socket: WebSocket, request: FastifyRequest): unknown;
}

/** The path as the router writes it. */
export const routerPathOf = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, ':$1').replace(':path', '*');

/** The methods of the calls at a path that a request names. */
export function methodsAt(routes: readonly RouteSpec[], path: string): string[] {
  const at = routes.filter((spec) => patternOf(spec.path).test(path));
  return [...new Set(at.map(({ method }) => method))];
}

const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replaceAll('.', '\\.')
      .replace('{path}', '.+')
      .replaceAll(/\{\w+\}/g, '[^/]+')}$`,
  );
