// Loaded into a measured process before its own code: answers `read` messages with what only the process knows.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;
const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loop.enable();

// The histogram counts whole intervals between its ticks, so that an idle loop shows the resolution.
const delayMs = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);

process.on('message', ({ type, collect }) => {
  if (type !== 'read') return;
  if (collect) for (let round = 0; round < 3; round++) globalThis.gc();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  process.send({
    cpuMs: (user + system) / 1000,
    rssBytes: rss,
    heapBytes: heapUsed,
    loopDelayMs: {
      p50: delayMs(loop.percentile(50)),
      p99: delayMs(loop.percentile(99)),
      max: delayMs(loop.max),
    },
  });
  loop.reset();
});
process.channel?.unref();
