import { OVERLAY_MODES } from './motion/motion-overlay.ts';
import { CaptionView } from './page/caption-view.ts';
import { element, onChoice, say } from './page/element.ts';
import { showFacts } from './page/facts-view.ts';
import { FiguresView } from './page/figures-view.ts';
import { connectPublishDialogs } from './page/publish-dialogs.ts';
import { ServerView } from './page/server-view.ts';
import type { Notice } from './page/state-words.ts';
import { tilesOf } from './page/tiles.ts';
import { VoidView } from './page/void-view.ts';
import { Wordmark } from './page/wordmark.ts';
import { type Credentials, wordsOf } from './session/feed.ts';
import { Studio } from './studio.ts';
import { GlyphView } from './tape/glyph-view.ts';
import { TapeView } from './tape/tape-view.ts';

const FIGURES_EVERY_MS = 500;

const credentials: { token: string | undefined } = { token: undefined };
const motionPreference = window.matchMedia('(prefers-reduced-motion: reduce)');
const tape = new TapeView({
  canvas: element('tape', HTMLCanvasElement),
  details: element('tape-details', HTMLElement),
});
const figures = new FiguresView(element('figures', HTMLElement));
const voidView = new VoidView(element('void', HTMLElement));
const captions = new CaptionView();

const studio = new Studio({
  originals: {
    canvas: element('original-canvas', HTMLCanvasElement),
    video: element('original-video', HTMLVideoElement),
    cameraView: element('camera-view', HTMLVideoElement),
  },
  preview: element('preview', HTMLCanvasElement),
  video: element('preview-video', HTMLVideoElement),
  motion: element('motion', HTMLCanvasElement),
  tape,
  glyphs: new GlyphView(element('glyphs', HTMLCanvasElement)),
  wordmark: new Wordmark(element('wordmark', HTMLCanvasElement)),
  stage: element('stage', HTMLElement),
  credentials: (): Credentials => credentials,
  onNotice: showNotice,
  onChange: () => showStudio(),
});

const server = new ServerView({
  credentials,
  onPick: (stream) => watch(stream),
  onFirstReady: (streams) => {
    const asked = decodeURIComponent(window.location.hash.slice(1));
    const running = streams.find(({ state }) => state === 'live')?.stream;
    const first = asked === '' ? running : asked;
    if (first !== undefined && studio.stream === undefined) watch(first);
  },
});

function watch(stream: string): void {
  studio.watch(stream);
  figures.clear();
}

function showNotice({ text, tone }: Notice): void {
  const notice = element('notice', HTMLElement);
  notice.dataset.tone = tone;
  say(notice, text);
}

function showStudio(): void {
  const { stream, viewing, publication } = studio;
  document.body.dataset.state = viewing === undefined ? 'idle' : viewing.state.kind;
  if (stream !== undefined) window.history.replaceState(null, '', `#${encodeURIComponent(stream)}`);
  element('stop', HTMLButtonElement).hidden = !studio.isPublishing;
  server.picker.pick(stream);
  showFacts(element('facts', HTMLElement), viewing?.start, publication?.description);
}

function showFigures(): void {
  const nowMs = performance.now();
  const { viewing, publication, stream } = studio;
  captions.show(studio, nowMs);
  voidView.show(viewing, stream);
  element('measure', HTMLButtonElement).hidden = !studio.canMeasure;
  if (viewing === undefined) return;
  const sourceBitsPerSecond = server.infoOf(stream)?.publisher?.rates.sourceBitsPerSecond;
  figures.update(
    tilesOf({
      viewing,
      publication,
      sourceBitsPerSecond,
      endToEndMs: studio.endToEndMs,
      roundTrip: studio.roundTrip,
      nowMs,
    }),
  );
}

function draw(nowMs: number): void {
  studio.draw(nowMs, { isStill: motionPreference.matches });
  window.requestAnimationFrame(draw);
}

connectPublishDialogs({
  onFile: (wish) => {
    figures.clear();
    studio.publishFile(wish).catch((error: unknown) => showNotice({ text: wordsOf(error), tone: 'problem' }));
  },
  onCamera: async (wish) => {
    await studio.publishCamera(wish);
    figures.clear();
  },
});
onChoice('left', (value) => {
  captions.prefersTokens = value === 'tokens';
});
onChoice('overlay', (value) => {
  studio.overlay = OVERLAY_MODES.find((mode) => mode === value) ?? 'off';
});
element('stop', HTMLButtonElement).addEventListener('click', () => studio.stop());
element('measure', HTMLButtonElement).addEventListener('click', () => {
  studio.measure().catch((error: unknown) => showNotice({ text: wordsOf(error), tone: 'problem' }));
});
window.setInterval(showFigures, FIGURES_EVERY_MS);
window.requestAnimationFrame(draw);
showFigures();
server.refresh();
