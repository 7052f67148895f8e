import type { StreamInfo } from '../../../client-sdk/protocol/stream-info.ts';
import { make } from './element.ts';

/** The running streams as buttons. */
export class StreamPicker {
  readonly #list: HTMLElement;
  readonly #onPick: (stream: string) => void;
  readonly #buttons = new Map<string, HTMLButtonElement>();
  #picked: string | undefined;

  constructor(list: HTMLElement, options: { onPick: (stream: string) => void }) {
    this.#list = list;
    this.#onPick = options.onPick;
    list.append(make('li', { className: 'stream-none', text: 'Looking …' }));
  }

  /** Shows the streams that can be watched; buttons stay in place, so that focus is kept. */
  update(streams: readonly StreamInfo[]): void {
    const names = new Set(streams.map(({ stream }) => stream));
    for (const [name, button] of this.#buttons) {
      if (names.has(name)) continue;
      button.parentElement?.remove();
      this.#buttons.delete(name);
    }
    const none = this.#list.querySelector('.stream-none');
    if (streams.length > 0) none?.remove();
    else if (none === null)
      this.#list.append(make('li', { className: 'stream-none', text: 'none is running' }));
    else none.textContent = 'none is running';
    for (const info of streams) this.#updateButton(info);
  }

  /** Marks the stream that is watched. */
  pick(stream: string | undefined): void {
    this.#picked = stream;
    for (const [name, button] of this.#buttons) button.setAttribute('aria-pressed', String(name === stream));
  }

  #updateButton(info: StreamInfo): void {
    const button = this.#buttons.get(info.stream) ?? this.#add(info.stream);
    button.dataset.running = String(info.state === 'live');
    button.setAttribute('aria-pressed', String(info.stream === this.#picked));
    const note = button.querySelector('span');
    if (note !== null) note.textContent = noteOf(info);
  }

  #add(stream: string): HTMLButtonElement {
    const button = make('button', { className: 'stream' });
    button.type = 'button';
    button.append(make('b', { text: stream }), make('span'));
    button.addEventListener('click', () => this.#onPick(stream));
    const item = make('li');
    item.append(button);
    this.#list.append(item);
    this.#buttons.set(stream, button);
    return button;
  }
}

function noteOf({ state, media }: StreamInfo): string {
  const size = media === undefined ? '' : `${media.codec} ${media.width}×${media.height}`;
  const words = { live: '', ended: 'ended', waiting: 'waiting' }[state];
  return [size, words].filter((part) => part !== '').join(' · ');
}
