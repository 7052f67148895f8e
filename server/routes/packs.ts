import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { PackListSchema } from '../../client-sdk/protocol/pack-info.ts';
import { ProtocolError } from '../../pipeline/errors.ts';
import type { LoadedPack } from '../../pipeline/models/pack.ts';
import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';

const ParametersSchema = z.object({ pack: z.string(), file: z.string() });

/** `GET /v1/packs`. */
export const listPacks = ({ readiness }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/packs',
  summary: 'List the packs with their manifests',
  action: 'read',
  responses: { 200: { description: 'The packs', content: { 'application/json': PackListSchema } } },
  errors: ['not-ready'],
  handle: () => ({
    packs: readiness.engine.packs.map((pack) => ({
      name: pack.manifest.name,
      isInUse: pack.sha256 === readiness.engine.pack.sha256,
      sha256: pack.sha256,
      manifest: pack.manifest,
    })),
  }),
});

/** `GET /v1/packs/{pack}/{file}`: the manifest and the graphs that it names, and nothing else of the folder. */
export const readPackFile = ({ readiness }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/packs/{pack}/{file}',
  summary: "A pack's manifest or one of its graphs",
  action: 'read',
  responses: {
    200: {
      description: 'The file',
      content: { 'application/json': undefined, 'application/octet-stream': undefined },
    },
  },
  errors: ['not-found', 'not-ready'],
  handle: async (request, reply) => {
    const { pack: packName, file } = ParametersSchema.parse(request.params);
    const pack = readiness.engine.packs.find(({ manifest }) => manifest.name === packName);
    const path = pack?.file(file);
    if (!pack || !path) throw new ProtocolError('not-found', `no pack ${packName} names a file ${file}`);
    const etag = etagOf(pack, file);
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    const { size } = await stat(path);
    return reply
      .header('content-type', file.endsWith('.json') ? 'application/json' : 'application/octet-stream')
      .header('content-length', size)
      .send(createReadStream(path));
  },
});

const etagOf = ({ sha256 }: LoadedPack, file: string): string => `"${sha256.slice(0, 32)}-${file}"`;
