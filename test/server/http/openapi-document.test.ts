import { afterAll, beforeAll, expect, it } from 'vitest';
import { jsonSchemas } from '../../../client-sdk/protocol/json-schemas.ts';
import { routerPathOf } from '../../../server/http/route-spec.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

interface Operation {
  operationId: string;
  parameters: { name: string; in: string }[];
  responses: Record<string, unknown>;
  'x-websocket'?: string;
}
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}

let server: TestServer;
let description: Description;
beforeAll(async () => {
  server = await startTestServer(undefined);
  description = (await (await fetch(`${server.url}/v1/openapi.json`)).json()) as Description;
});
afterAll(() => server[Symbol.asyncDispose]());

const operations = () =>
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

it('describes every route and no other', () => {
  const described = operations().map(({ path, method }) => `${method} ${path}`);
  for (const { path, method } of operations()) {
    expect(server.app.fastify.hasRoute({ method: method as 'GET', url: routerPathOf(path) }), path).toBe(
      true,
    );
  }
  const printed = server.app.fastify.printRoutes().matchAll(/\(([A-Z, ]+)\)/g);
  const routed = [...printed].flatMap(([, methods]) => methods!.split(', '));
  expect(routed.length).toBe(described.length);
  expect(described.toSorted()).toEqual([
    'DELETE /v1/streams/{stream}',
    'DELETE /v1/streams/{stream}/whep/{connection}',
    'DELETE /v1/streams/{stream}/whip/{connection}',
    'GET /',
    'GET /healthz',
    'GET /metrics',
    'GET /readyz',
    'GET /studio/{path}',
    'GET /v1/openapi.json',
    'GET /v1/packs',
    'GET /v1/packs/{pack}/{file}',
    'GET /v1/streams',
    'GET /v1/streams/{stream}',
    'GET /v1/streams/{stream}/preview',
    'GET /v1/streams/{stream}/preview.jpg',
    'GET /v1/streams/{stream}/preview.mjpeg',
    'GET /v1/streams/{stream}/publish',
    'GET /v1/streams/{stream}/tokens',
    'OPTIONS /v1/streams/{stream}/whep',
    'OPTIONS /v1/streams/{stream}/whip',
    'PATCH /v1/streams/{stream}/whep/{connection}',
    'PATCH /v1/streams/{stream}/whip/{connection}',
    'POST /v1/access-tokens',
    'POST /v1/streams/{stream}/whep',
    'POST /v1/streams/{stream}/whip',
    'PUT /v1/streams/{stream}',
  ]);
});

it('names each call once, with its path parameters', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations()) {
    const inPath = operation.parameters.flatMap((parameter) =>
      parameter.in === 'path' ? [parameter.name] : [],
    );
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
  }
});

it('tells which calls are WebSockets', () => {
  const upgrades = operations().filter(({ operation }) => operation['x-websocket']);
  expect(upgrades.map(({ path }) => path.split('/').at(-1)).toSorted()).toEqual([
    'preview',
    'publish',
    'tokens',
  ]);
  for (const { operation } of upgrades) expect(operation.responses).toHaveProperty('101');
});

it('refers only to schemas that it holds, which are the protocol’s', () => {
  const references = [...JSON.stringify(description).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );
  expect(references.length).toBeGreaterThan(10);
  expect(Object.keys(description.components.schemas)).toEqual(Object.keys(jsonSchemas()));
  expect(Object.keys(description.components.schemas)).toEqual(expect.arrayContaining(references));
  expect(JSON.stringify(description)).not.toContain('$schema');
});

it('knows nothing of calls that are not there', async () => {
  for (const path of ['pull', 'whip/']) {
    const response = await fetch(`${server.url}/v1/streams/cam/${path}`, { method: 'POST' });
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'not-found' }]);
  }
});
