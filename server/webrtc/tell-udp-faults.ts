import { reasonOf } from '../../pipeline/errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { UdpFault } from './udp-mux.ts';

/** A path that is gone makes as many faults as there are packets for it. */
const LOG_INTERVAL_MS = 1000;

export interface UdpFaultWatch {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'udpFaults'>;
  /** Milliseconds of a clock that is never set back. */
  readonly now: () => number;
}

/** Gives what counts each fault, and logs them at most once a second with the last as the example. */
export function tellUdpFaults({ log, metrics, now }: UdpFaultWatch): (fault: UdpFault) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  let faults = 0;
  return ({ direction, cause }) => {
    metrics.udpFaults.inc({ direction });
    faults += 1;
    if (now() - toldMs < LOG_INTERVAL_MS) return;
    log.warn({ faults, direction, reason: reasonOf(cause) }, 'datagrams lost by the system');
    toldMs = now();
    faults = 0;
  };
}
