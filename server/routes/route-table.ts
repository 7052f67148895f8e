import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { mintAccessToken } from './access-tokens.ts';
import { liveness, openApi, prometheusMetrics, readinessProbe } from './operation.ts';
import { listPacks, readPackFile } from './packs.ts';
import { peerResourceRoutes } from './peer-resource.ts';
import { previewAsMjpeg, previewByWebSocket, previewSnapshot } from './preview.ts';
import { publishByPut, publishByWebSocket } from './publish.ts';
import { deleteStream, inspectStream, listStreams } from './streams.ts';
import { type StudioFiles, studioFile, studioPage } from './studio.ts';
import { subscribeToTokens } from './tokens.ts';
import { watchByWhep } from './whep.ts';
import { publishByWhip } from './whip.ts';

/** Every call of the interface. */
export function routeTable(context: AppContext, studio: StudioFiles): readonly RouteSpec[] {
  const routes: readonly RouteSpec[] = [
    publishByPut(context),
    publishByWebSocket(context),
    publishByWhip(context),
    ...peerResourceRoutes(context, 'whip', 'publish'),
    watchByWhep(context),
    ...peerResourceRoutes(context, 'whep', 'read'),
    subscribeToTokens(context),
    previewByWebSocket(context),
    previewAsMjpeg(context),
    previewSnapshot(context),
    listStreams(context),
    inspectStream(context),
    deleteStream(context),
    listPacks(context),
    readPackFile(context),
    mintAccessToken(context),
    liveness(),
    readinessProbe(context),
    prometheusMetrics(context),
    openApi(() => routes),
    studioPage(),
    studioFile(studio),
  ];
  return routes;
}
