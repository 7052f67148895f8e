import { z } from 'zod';
import type { AppContext } from '../http/context.ts';
import { openApiDocument } from '../http/openapi-document.ts';
import type { RouteSpec } from '../http/route-spec.ts';

const StateSchema = z.strictObject({ status: z.enum(['ok', 'ready']) });

/** `GET /healthz`: the process answers. */
export const liveness = (): RouteSpec => ({
  method: 'GET',
  path: '/healthz',
  summary: 'Liveness',
  responses: { 200: { description: 'The server runs', content: { 'application/json': StateSchema } } },
  errors: [],
  handle: () => ({ status: 'ok' }),
});

/** `GET /readyz`: publishers would be taken. */
export const readinessProbe = ({ readiness }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/readyz',
  summary: 'Readiness',
  responses: { 200: { description: 'The models are warm', content: { 'application/json': StateSchema } } },
  errors: ['not-ready', 'shutting-down', 'bad-pack', 'model-failed'],
  handle: () => {
    // Throws the reason where there is no engine.
    const isReady = readiness.engine !== undefined;
    return { status: isReady ? 'ready' : 'ok' };
  },
});

/** `GET /metrics`. */
export const prometheusMetrics = ({ metrics }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/metrics',
  summary: 'Metrics for Prometheus',
  action: 'admin',
  responses: { 200: { description: 'Text exposition format', content: { 'text/plain': undefined } } },
  errors: [],
  handle: async (_request, reply) =>
    reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics()),
});

/** `GET /v1/openapi.json`. */
export const openApi = (routes: () => readonly RouteSpec[]): RouteSpec => ({
  method: 'GET',
  path: '/v1/openapi.json',
  summary: 'This description',
  responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': undefined } } },
  errors: [],
  handle: () => openApiDocument(routes()),
});
