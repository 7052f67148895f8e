import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What the server's process tells of itself. */
export interface Reading {
  /** User and system time of all its threads since it began, ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Delay of its event loop beyond what was asked for, since the reading before, ms. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** The compiled server in a process of its own, as users run it, with a probe loaded before it. */
export class MeasuredServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.url = url;
  }

  /** Starts the server on a free port; resolves when it takes publishers. */
  static async start(flags: readonly string[] = []): Promise<MeasuredServer> {
    const child = fork('dist/server/main.js', ['serve', '--port', '0', '--log-level', 'info', ...flags], {
      execArgv: ['--expose-gc', '--import', new URL('./process-probe.mjs', import.meta.url).href],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const lines = createInterface({ input: child.stdout! });
    let url: string | undefined;
    for await (const line of lines) {
      const entry = JSON.parse(line) as { msg?: string; url?: string };
      if (entry.msg === 'listening') url = entry.url;
      if (entry.msg === 'ready') break;
    }
    if (url === undefined) throw new Error('the server ended before it listened');
    child.stdout?.resume();
    return new MeasuredServer(child, url);
  }

  /** Reads and begins a new interval of loop delays; `collect` runs the garbage collector first. */
  async read({ collect = false } = {}): Promise<Reading> {
    const answer = once(this.#process, 'message');
    this.#process.send({ type: 'read', collect });
    const [reading] = (await answer) as [Reading];
    return reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}
