import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_BUCKETS_S = [0.01, 0.02, 0.04, 0.08, 0.16, 0.25, 0.5, 1, 2, 5, 10];
const LOOP_RESOLUTION_MS = 10;

/** What the gauges show; read when somebody asks for the metrics. */
export interface MetricsSource {
  readonly publishers: number;
  readonly subscribers: number;
  readonly viewers: number;
  readonly journalBytes: number;
  readonly pixelsPerSecond: number;
  readonly pendingInferences: number;
  readonly peers: number;
}

/** The Prometheus metrics of one app, on a registry of their own. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Makes the metrics; `stop` ends what measures the event loop. */
export function createMetrics(source: () => MetricsSource) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  const gauge = (name: string, help: string, read: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect(): void {
        this.set(read());
      },
    });
  gauge('kinoglyph_publishers', 'Publishers present', () => source().publishers);
  gauge('kinoglyph_subscribers', 'Subscribers of tokens', () => source().subscribers);
  gauge('kinoglyph_viewers', 'Viewers of previews', () => source().viewers);
  gauge('kinoglyph_journal_bytes', 'JSON text in all journals', () => source().journalBytes);
  gauge('kinoglyph_reserved_pixels_per_second', 'Budget in use', () => source().pixelsPerSecond);
  gauge('kinoglyph_pending_inferences', 'Inferences that wait or run', () => source().pendingInferences);
  gauge('kinoglyph_webrtc_peers', 'WebRTC connections', () => source().peers);
  gauge('kinoglyph_event_loop_delay_p99_seconds', 'Delay of the event loop since the last reading', () => {
    // What is measured is the interval of a timer, which the resolution is part of.
    const p99Ms = loop.percentile(99) / 1e6 - LOOP_RESOLUTION_MS;
    loop.reset();
    return Math.max(0, p99Ms) / 1000;
  });
  const counter = <T extends string>(name: string, help: string, labelNames: T[]): Counter<T> =>
    new Counter({ name, help, labelNames, registers });
  return {
    registry,
    messages: counter('kinoglyph_messages_total', 'Messages emitted', ['type']),
    tokens: counter('kinoglyph_tokens_total', 'Tokens emitted, SKIP ids included', ['type']),
    gaps: counter('kinoglyph_gaps_total', 'Gaps emitted', ['reason']),
    epochs: counter('kinoglyph_epochs_total', 'Epochs ended', ['reason']),
    bytesIn: counter('kinoglyph_bytes_in_total', 'Bytes of media received', []),
    units: counter('kinoglyph_access_units_total', 'Access units, by what became of them', ['outcome']),
    rtpPackets: counter('kinoglyph_rtp_packets_total', 'RTP packets, by what became of them', ['outcome']),
    udpFaults: counter(
      'kinoglyph_udp_faults_total',
      'Datagrams of WebRTC that the system did not send, and failures to read some',
      ['direction'],
    ),
    keyframeRequests: counter('kinoglyph_keyframe_requests_total', 'Keyframes asked for over RTCP', ['kind']),
    rtpPacketsSent: counter(
      'kinoglyph_rtp_packets_sent_total',
      'RTP packets to viewers over WebRTC, sent or sent again',
      ['outcome'],
    ),
    viewerKeyframeRequests: counter(
      'kinoglyph_viewer_keyframe_requests_total',
      'Keyframes that viewers over WebRTC asked for, passed on or held back',
      ['outcome'],
    ),
    refusals: counter('kinoglyph_refusals_total', 'Calls and connections refused or closed', ['code']),
    latency: new Histogram({
      name: 'kinoglyph_latency_seconds',
      help: 'From a message’s last access unit (motion: or its clip’s visual, if later) to its emission',
      labelNames: ['kind', 'delivery'] as const,
      buckets: LATENCY_BUCKETS_S,
      registers,
    }),
    stop: (): void => {
      loop.disable();
    },
  };
}
