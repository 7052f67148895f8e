import { parentPort, workerData } from 'node:worker_threads';
import type { EncodeItem } from '../../pipeline/models/encoder-engine.ts';
import { serveInference } from '../../pipeline/models/serve-inference.ts';
import type { ToThread } from '../../pipeline/models/thread-messages.ts';

/** The real inference thread, but a keyframe whose first bytes are 6, 6, 6 ends it with code 66. */
parentPort!.on('message', (message: ToThread<readonly EncodeItem[]>) => {
  if (message.type !== 'run') return;
  const isPoison = message.task.some(
    (item) => item.kind === 'keyframe' && item.pixels.subarray(0, 3).every((byte) => byte === 6),
  );
  if (isPoison) process.exit(66);
});
await serveInference(parentPort!, workerData);
