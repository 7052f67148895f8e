import { openSession } from './onnx-session.ts';
import type { LoadedPack } from './pack.ts';
import { GRAPH_ROLES } from './pack-manifest.ts';

/**
 * Opens every graph of a pack on the CPU and compares names, types and shapes with the manifest. Rejects with a
 * `ConfigError` of code `bad-pack`. Blocks the calling thread while a graph opens: for command lines and start-up.
 */
export async function verifyPack(pack: LoadedPack): Promise<void> {
  for (const role of GRAPH_ROLES) {
    const session = await openSession(pack, role, { provider: 'cpu', threads: 1 });
    await session.release();
  }
}
