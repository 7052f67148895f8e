import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { jsonSchemas } from '../../client-sdk/protocol/json-schemas.ts';
import type { ResponseSpec, RouteSpec } from './route-spec.ts';

/** Errors that any guarded call may answer. */
const GUARD_ERRORS: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'foreign-host', 'foreign-origin'];

const schemaReference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const withoutDialect = (schema: object): object => {
  const { $schema: _, ...rest } = schema as { $schema?: string };
  return rest;
};
const jsonSchemaOf = (schema: z.ZodType): object => withoutDialect(z.toJSONSchema(schema, { io: 'input' }));

/** The OpenAPI 3.1 description of the routes. */
export function openApiDocument(routes: readonly RouteSpec[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  const schemas = Object.entries(jsonSchemas()).map(([name, schema]) => [name, withoutDialect(schema)]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kinoglyph',
      version: '1',
      description:
        'Live video in, discrete tokens out while it arrives. Calls marked x-websocket are WebSocket upgrades; their close codes are listed in x-close-codes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(schemas) as object,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        query: { type: 'apiKey', in: 'query', name: 'access_token' },
      },
    },
    'x-close-codes': Object.fromEntries(
      Object.entries(ERROR_CODES).map(([code, { close }]) => [code, close]),
    ),
  };
}

function operationOf(route: RouteSpec): object {
  return {
    operationId: operationIdOf(route),
    summary: route.summary,
    ...(route.description && { description: route.description }),
    ...(route.action && { security: [{ bearer: [] }, { query: [] }, {}], 'x-action': route.action }),
    parameters: [...pathParametersOf(route.path), ...queryParametersOf(route.query)],
    ...requestBodyOf(route),
    ...(route.webSocket && { 'x-websocket': route.webSocket.description }),
    responses: { ...responsesOf(route), ...errorResponsesOf(route) },
  };
}

const operationIdOf = ({ method, path }: RouteSpec): string =>
  `${method.toLowerCase()}${path.replaceAll(/[^a-zA-Z0-9]+(\w?)/g, (_, next: string) => next.toUpperCase())}`;

const pathParametersOf = (path: string): object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'stream' ? { type: 'string', pattern: '^[a-zA-Z0-9_-]{1,64}$' } : { type: 'string' },
  }));

const queryParametersOf = (query: z.ZodObject | undefined): object[] =>
  Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = jsonSchemaOf(schema as z.ZodType) as { description?: string };
    return { name, in: 'query', description, schema: rest };
  });

function requestBodyOf({ body, takesBytes, textBody }: RouteSpec): object {
  if (body)
    return {
      requestBody: { required: true, content: { 'application/json': { schema: jsonSchemaOf(body) } } },
    };
  if (textBody)
    return {
      requestBody: { required: true, content: { [textBody]: { schema: { type: 'string' } } } },
    };
  return takesBytes ? { requestBody: { required: true, content: { '*/*': {} } } } : {};
}

function responsesOf({ responses, webSocket }: RouteSpec): object {
  const described = Object.entries(responses).map(([status, response]) => [
    status,
    describeResponse(response),
  ]);
  const upgrade = webSocket ? { 101: { description: 'The connection is a WebSocket' } } : {};
  return { ...upgrade, ...Object.fromEntries(described) };
}

const describeResponse = ({ description, content = {} }: ResponseSpec): object => ({
  description,
  content: Object.fromEntries(
    Object.entries(content).map(([mediaType, schema]) => [mediaType, mediaTypeOf(schema)]),
  ) as object,
});

function mediaTypeOf(schema: string | z.ZodType | undefined): object {
  if (schema === undefined) return {};
  return { schema: typeof schema === 'string' ? schemaReference(schema) : jsonSchemaOf(schema) };
}

/** One answer a status, naming the codes that may come with it. */
function errorResponsesOf({ errors, action }: RouteSpec): object {
  const codes = new Set<ErrorCode>([...errors, ...(action ? GUARD_ERRORS : [])]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      {
        description: named.map((code) => `${code}: ${ERROR_CODES[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: schemaReference('Problem') } },
      },
    ]),
  );
}
