import type { StreamInfo } from '../../../client-sdk/protocol/stream-info.ts';
import { type ServerHealth, StreamDirectory } from '../session/stream-directory.ts';
import { element, say } from './element.ts';
import { StreamPicker } from './stream-picker.ts';

export interface ServerViewOptions {
  /** Filled in where the server asks for a token. */
  readonly credentials: { token: string | undefined };
  readonly onPick: (stream: string) => void;
  /** Called once, when the server is ready for the first time. */
  readonly onFirstReady: (streams: readonly StreamInfo[]) => void;
}

/** The server's state, its streams, and the field for a token where it wants one. */
export class ServerView {
  readonly picker: StreamPicker;
  readonly #options: ServerViewOptions;
  readonly #directory: StreamDirectory;
  #streams: readonly StreamInfo[] = [];
  #wasReady = false;

  constructor(options: ServerViewOptions) {
    this.#options = options;
    this.picker = new StreamPicker(element('stream-list', HTMLElement), { onPick: options.onPick });
    this.#directory = new StreamDirectory({
      onChange: (health) => this.#show(health),
      headers: () => this.#headers(),
    });
    element('token-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      options.credentials.token = element('token', HTMLInputElement).value;
      this.refresh();
    });
  }

  /** Asks the server now. */
  refresh(): void {
    this.#directory.refresh();
  }

  /** What the server last said of a stream. */
  infoOf(stream: string | undefined): StreamInfo | undefined {
    return this.#streams.find((each) => each.stream === stream);
  }

  #headers(): Record<string, string> {
    const { token } = this.#options.credentials;
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  #show(health: ServerHealth): void {
    const state = element('server-state', HTMLElement);
    state.dataset.health = health.kind;
    element('token-form', HTMLFormElement).hidden = health.kind !== 'locked';
    say(state, serverWords(health));
    if (health.kind !== 'ready') return;
    this.#streams = health.list.streams;
    this.picker.update(this.#streams.filter((each) => each.state !== 'waiting'));
    if (!this.#wasReady) this.#options.onFirstReady(this.#streams);
    this.#wasReady = true;
  }
}

function serverWords(health: ServerHealth): string {
  if (health.kind !== 'ready') return health.detail;
  const { provider, streams } = health.list;
  const running = streams.filter(({ state }) => state === 'live').length;
  const where = provider === undefined ? '' : ` on ${provider.name} (${provider.reason})`;
  return `ready${where}, ${running} running`;
}
