import type { Config } from '../config-schema.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Readiness } from '../readiness.ts';
import type { StreamRegistry } from '../sessions/stream-registry.ts';
import type { PeerHost } from '../webrtc/peer.ts';
import type { PeerResources } from '../webrtc/peer-resources.ts';
import type { AccessControl } from './access-control.ts';

/** What the routes share. */
export interface AppContext {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly registry: StreamRegistry;
  readonly readiness: Readiness;
  readonly access: AccessControl;
  readonly peers: PeerHost;
  readonly peerResources: PeerResources;
}
