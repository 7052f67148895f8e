import websocket from '@fastify/websocket';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { ProtocolError } from '../pipeline/errors.ts';
import type { Config } from './config-schema.ts';
import { AccessControl, chooseSubprotocol, type Grant } from './http/access-control.ts';
import { discardBody, grantBody, noteExpectation } from './http/body-intake.ts';
import type { AppContext } from './http/context.ts';
import { allowListedOrigin, checkHost, checkOrigin, isPreflight } from './http/origin-guard.ts';
import { sendProblem } from './http/problem-reply.ts';
import { registerRoute } from './http/register-route.ts';
import { methodsAt, type RouteSpec } from './http/route-spec.ts';
import { toTokenizerError } from './http/to-tokenizer-error.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { Readiness } from './readiness.ts';
import { SDP, SDP_FRAGMENT } from './routes/peer-resource.ts';
import { routeTable } from './routes/route-table.ts';
import { loadStudio } from './routes/studio.ts';
import { StreamRegistry } from './sessions/stream-registry.ts';
import { LitePeerHost } from './webrtc/lite-peer-host.ts';
import type { PeerHost } from './webrtc/peer.ts';
import { PeerResources } from './webrtc/peer-resources.ts';
import { tellUdpFaults } from './webrtc/tell-udp-faults.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the caller may do; only set on calls that ask for it. */
    grant: Grant;
  }
}

/** Largest JSON body that a call takes, bytes. */
const MAX_JSON_BYTES = 64 * 1024;
/** How often connections are looked at for a head that does not come, ms. */
const HEADER_CHECK_MS = 1000;

export interface AppDependencies {
  readonly readiness?: Readiness;
  readonly log?: Log;
}

/** A server that does not listen yet. Close it with `shutdown`, which saves what can be saved. */
export interface App {
  readonly fastify: FastifyInstance;
  readonly registry: StreamRegistry;
  readonly readiness: Readiness;
  readonly log: Log;
  readonly peers: PeerHost;
  /** Refuses new work, drains publishers and subscribers, closes all sockets. Every call returns the same work. */
  shutdown(): Promise<void>;
}

/** Builds the server around a configuration; publishers are refused until `readiness` is resolved. */
export async function buildApp(config: Config, dependencies: AppDependencies = {}): Promise<App> {
  const context = createContext(config, dependencies);
  const { log, registry, readiness, metrics, peers } = context;
  const app = createFastify(config, log);
  await app.register(websocket, {
    options: {
      maxPayload: config.maxPublishMessageBytes,
      perMessageDeflate: false,
      handleProtocols: chooseSubprotocol,
    },
    // The sockets were closed one by one, each with its reason, before fastify is closed.
    preClose: (done) => done(),
    errorHandler: (fault, socket) => {
      log.debug({ fault: fault.message }, 'websocket broke');
      socket.terminate();
    },
  });
  installGuards(app, context);
  const routes = routeTable(context, await loadStudio());
  installErrors(app, context, routes);
  for (const spec of routes) registerRoute(app, spec, context);
  let closing: Promise<void> | undefined;
  const shutdown = async (): Promise<void> => {
    readiness.withdraw();
    await registry.close(config.shutdownGraceMs);
    await peers[Symbol.asyncDispose]();
    await app.close();
    metrics.stop();
  };
  return {
    fastify: app,
    registry,
    readiness,
    log,
    peers,
    shutdown: () => {
      closing ??= shutdown();
      return closing;
    },
  };
}

function createContext(
  config: Config,
  { readiness = new Readiness(), log = createLog(config) }: AppDependencies,
): AppContext {
  const registry = new StreamRegistry({
    config,
    log,
    metrics: () => metrics,
    readiness,
  });
  const metrics = createMetrics(() => ({
    publishers: registry.publishers,
    subscribers: registry.subscribers,
    viewers: registry.viewers,
    journalBytes: registry.streams.reduce((sum, { journal }) => sum + journal.sizeBytes, 0),
    pixelsPerSecond: registry.budget.reserved,
    pendingInferences: readiness.isReady ? readiness.engine.encoder.pending : 0,
    peers: peers.peers,
  }));
  const onUdpFault = tellUdpFaults({ log, metrics, now: () => performance.now() });
  const peers = new LitePeerHost(config, { onUdpFault });
  const access = new AccessControl(config);
  return { config, log, metrics, registry, readiness, access, peers, peerResources: new PeerResources() };
}

function createFastify(config: Config, log: Log): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    // Addresses may hold query tokens, so requests are logged without them, by the hook below.
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    bodyLimit: MAX_JSON_BYTES,
    http: { headersTimeout: config.headerTimeoutMs, connectionsCheckingInterval: HEADER_CHECK_MS },
  });
  app.server.on('checkContinue', (request, response) => {
    noteExpectation(request);
    app.server.emit('request', request, response);
  });
  return app as unknown as FastifyInstance;
}

/** What every request passes: Host, Origin, CORS, and leave to send a body. */
function installGuards(app: FastifyInstance, { config, log }: AppContext): void {
  app.decorateRequest('grant');
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, config);
    allowListedOrigin(request, reply, config);
    if (isPreflight(request) && reply.hasHeader('access-control-allow-methods')) {
      return reply.code(204).send();
    }
    checkOrigin(request, config);
    return undefined;
  });
  app.addContentTypeParser(
    [SDP, SDP_FRAGMENT],
    { parseAs: 'string', bodyLimit: config.maxSdpBytes },
    (_request, text, done) => done(null, text),
  );
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('preParsing', async (request, reply) => {
    // A publisher gets its leave from the route, after everything that may refuse it.
    if (request.method !== 'PUT') grantBody(request.raw, reply.raw);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, ip, routeOptions } = request;
    log.debug({ method, route: routeOptions.url, status: reply.statusCode, ip }, 'answered');
  });
}

/** The one place where errors become answers. */
function installErrors(
  app: FastifyInstance,
  { config, log, metrics }: AppContext,
  routes: readonly RouteSpec[],
): void {
  const answer = (fault: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const error = toTokenizerError(fault);
    metrics.refusals.inc({ code: error.code });
    if (error.status === 500) log.error({ err: fault, route: request.routeOptions.url }, 'request failed');
    discardBody(request.raw, config);
    return sendProblem(reply, error, config);
  };
  app.setErrorHandler((fault: FastifyError, request, reply) => answer(fault, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const methods = methodsAt(routes, path);
    if (methods.length === 0)
      return answer(new ProtocolError('not-found', `no ${request.method} ${path}`), request, reply);
    reply.header('allow', methods.join(', '));
    const detail = `${path} has ${methods.join(', ')}, got ${request.method}`;
    return answer(new ProtocolError('method-not-allowed', detail), request, reply);
  });
}
