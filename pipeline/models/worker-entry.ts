import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread from a module beside the caller's, named without its extension. From TypeScript sources the
 * thread gets the loader that the sources need; compiled, it is plain JavaScript.
 */
export function startWorker(name: string, callerUrl: string, options: WorkerOptions = {}): Worker {
  const isSource = callerUrl.endsWith('.ts');
  return openWorker(new URL(`./${name}${isSource ? '.ts' : '.js'}`, callerUrl), options);
}

/** Starts a worker thread from a module's URL. */
export function openWorker(entry: URL, options: WorkerOptions = {}): Worker {
  if (!entry.pathname.endsWith('.ts')) return new Worker(entry, options);
  // `--import tsx` registers nothing in a worker of Node 20, so the thread registers the loader by itself.
  const loader = new URL('esm/api/index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx')))
    .href;
  const script = `import(${JSON.stringify(loader)}).then(({ register }) => {
    register();
    return import(${JSON.stringify(entry.href)});
  });`;
  return new Worker(script, { ...options, eval: true });
}
