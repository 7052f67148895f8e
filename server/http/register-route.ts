import type { WebSocket } from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { z } from 'zod';
import { parseStreamName } from '../sessions/stream-registry.ts';
import type { Credentials } from './access-control.ts';
import { closeSocket } from './close-socket.ts';
import type { AppContext } from './context.ts';
import { type RouteSpec, routerPathOf } from './route-spec.ts';
import { toTokenizerError } from './to-tokenizer-error.ts';

const StreamParameterSchema = z.object({ stream: z.string().optional() });
const AccessTokenSchema = z.object({ access_token: z.string().optional() });

/** Puts a call of the table on the router, behind the check of what its caller may do. */
export function registerRoute(app: FastifyInstance, spec: RouteSpec, context: AppContext): void {
  const options: RouteOptions = {
    method: spec.method,
    url: routerPathOf(spec.path),
    onRequest: async (request) => {
      // A browser cannot see why an upgrade was refused, so a WebSocket is opened and closed with the code.
      if (!request.ws) authorize(request, spec, context);
      // Media is recognized by its bytes; a type that fastify cannot parse must not refuse it.
      if (spec.takesBytes) delete request.raw.headers['content-type'];
    },
    handler: spec.handle ?? ((_request, reply) => reply.callNotFound()),
    ...(spec.webSocket && { wsHandler: (socket, request) => openSocket(socket, request, spec, context) }),
  };
  app.route(options);
}

async function openSocket(
  socket: WebSocket,
  request: FastifyRequest,
  spec: RouteSpec,
  context: AppContext,
): Promise<void> {
  try {
    authorize(request, spec, context);
    await spec.webSocket?.open(socket, request);
  } catch (fault) {
    const error = toTokenizerError(fault);
    context.metrics.refusals.inc({ code: error.code });
    if (error.code === 'internal') context.log.error({ err: fault }, 'websocket failed');
    socket.resume();
    closeSocket(socket, error);
  }
}

function authorize(request: FastifyRequest, { action }: RouteSpec, { access }: AppContext): void {
  if (!action) return;
  const { stream } = StreamParameterSchema.parse(request.params);
  const name = stream === undefined ? undefined : parseStreamName(stream);
  request.grant = access.authorize(credentialsOf(request), action, name);
}

const credentialsOf = ({ headers, query }: FastifyRequest): Credentials => ({
  authorization: headers.authorization,
  queryToken: AccessTokenSchema.safeParse(query).data?.access_token,
  subprotocols: headers['sec-websocket-protocol'],
});
