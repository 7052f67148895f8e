import { SERVER } from '../session/feed.ts';
import type { Viewing } from '../session/viewing.ts';
import { make } from './element.ts';

interface Words {
  readonly title: string;
  readonly text: string;
  readonly code?: string;
}

/** What stands in the place of the rebuilt picture while there is none. */
export class VoidView {
  readonly #root: HTMLElement;
  #shown: string | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Says why there is no picture, or nothing if there is one. */
  show(viewing: Viewing | undefined, stream: string | undefined): void {
    const words = wordsOf(viewing, stream);
    const key = JSON.stringify(words ?? '');
    if (key === this.#shown) return;
    this.#shown = key;
    this.#root.replaceChildren();
    if (words === undefined) return;
    this.#root.append(make('strong', { text: words.title }), make('span', { text: words.text }));
    if (words.code !== undefined) this.#root.append(make('code', { text: words.code }));
  }
}

function wordsOf(viewing: Viewing | undefined, stream: string | undefined): Words | undefined {
  if (viewing === undefined || stream === undefined)
    return {
      title: 'Nothing is playing',
      text: 'Pick a stream above, publish a file or the camera, or send video from a terminal:',
      code: `ffmpeg -re -i clip.mp4 -c:v copy -an \\\n  -f mpegts -method PUT ${new URL('v1/streams/clip', SERVER).href}`,
    };
  if (viewing.hasPicture) return undefined;
  switch (viewing.state.kind) {
    case 'waiting':
      return { title: `Waiting for ${stream}`, text: 'The first picture comes with the first keyframe.' };
    case 'live':
      return { title: 'Tokens are coming', text: 'Rebuilding the first picture …' };
    case 'reconnecting':
      return { title: 'No connection', text: 'Connecting again …' };
    case 'ended':
      return { title: `${stream} has ended`, text: 'No picture was rebuilt while this page was watching.' };
    case 'failed':
      return { title: `${stream} cannot be shown`, text: viewing.state.detail };
  }
}
