const SLICE_MS = 100;
const SLICE_BYTES = 256 * 1024;

/** How a file is sent: as fast as the reader takes it, or at its own mean rate. */
export type FilePace = { readonly kind: 'unpaced' } | { readonly kind: 'paced'; readonly durationMs: number };

export interface FileBytesOptions {
  readonly pace: FilePace;
  readonly signal: AbortSignal;
}

/** Reads a file piece by piece. Paced, the piece at `k/n` of the file comes at `k/n` of its duration. */
export async function* readFile(file: Blob, { pace, signal }: FileBytesOptions): AsyncGenerator<Uint8Array> {
  const startMs = performance.now();
  const bytesPerMs = pace.kind === 'paced' ? file.size / pace.durationMs : Number.POSITIVE_INFINITY;
  const sliceBytes = Math.max(1, Math.min(SLICE_BYTES, Math.ceil(bytesPerMs * SLICE_MS)));
  for (let offset = 0; offset < file.size && !signal.aborted; offset += sliceBytes) {
    await sleepUntil(startMs + offset / bytesPerMs, signal);
    yield new Uint8Array(await file.slice(offset, offset + sliceBytes).arrayBuffer());
  }
}

function sleepUntil(dueMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = dueMs - performance.now();
  if (waitMs <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, waitMs);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
