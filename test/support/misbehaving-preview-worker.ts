import { parentPort, workerData } from 'node:worker_threads';
import type { ToThread } from '../../pipeline/models/thread-messages.ts';
import { type PreviewTask, servePreview } from '../../pipeline/preview/serve-preview.ts';

/** The real preview thread, but a visual message of clip 666 ends it with code 66. */
parentPort!.on('message', (message: ToThread<PreviewTask>) => {
  if (message.type !== 'run' || message.task.type !== 'message') return;
  const wire = message.task.message;
  if (wire.type === 'visual' && wire.clip === 666) process.exit(66);
});
await servePreview(parentPort!, workerData);
