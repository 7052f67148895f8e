import type { StreamList } from '../../../client-sdk/protocol/stream-info.ts';
import { SERVER } from './feed.ts';

/** What is known of the server. */
export type ServerHealth =
  | { readonly kind: 'ready'; readonly list: StreamList }
  | { readonly kind: 'warming'; readonly detail: string }
  | { readonly kind: 'locked'; readonly detail: string }
  | { readonly kind: 'gone'; readonly detail: string };

export interface StreamDirectoryOptions {
  readonly onChange: (health: ServerHealth) => void;
  /** Headers of each call, as for authorization. */
  readonly headers: () => Record<string, string>;
}

const POLL_MS = 1500;
const POLL_HIDDEN_MS = 10_000;

/** Asks the server again and again which streams there are. */
export class StreamDirectory {
  readonly #options: StreamDirectoryOptions;
  #timer: number | undefined;

  constructor(options: StreamDirectoryOptions) {
    this.#options = options;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
  }

  /** Asks now, and goes on asking. */
  refresh(): void {
    window.clearTimeout(this.#timer);
    this.#ask().then(
      (health) => this.#report(health),
      () => this.#report({ kind: 'gone', detail: 'The server does not answer. Trying again.' }),
    );
  }

  async #ask(): Promise<ServerHealth> {
    const headers = this.#options.headers();
    const answer = await fetch(new URL('v1/streams', SERVER), { headers });
    if (answer.status === 401 || answer.status === 403)
      return { kind: 'locked', detail: await problemDetail(answer) };
    if (!answer.ok) return { kind: 'warming', detail: await problemDetail(answer) };
    const list = (await answer.json()) as StreamList;
    const ready = await fetch(new URL('readyz', SERVER));
    return ready.ok ? { kind: 'ready', list } : { kind: 'warming', detail: await problemDetail(ready) };
  }

  #report(health: ServerHealth): void {
    this.#options.onChange(health);
    this.#timer = window.setTimeout(() => this.refresh(), document.hidden ? POLL_HIDDEN_MS : POLL_MS);
  }
}

/** The `detail` of a problem document, else the status in words. */
export async function problemDetail(answer: Response): Promise<string> {
  const body: unknown = await answer.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string')
    return body.detail;
  return `The server answered ${answer.status} ${answer.statusText}.`;
}
