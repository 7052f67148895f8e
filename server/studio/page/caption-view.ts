import type { Studio } from '../studio.ts';
import { timeText } from '../tape/tape-painter.ts';
import { element, say } from './element.ts';
import { duration, inWords } from './format.ts';

/** Offsets below one picture of a 30 Hz source cannot be told from none. */
const IN_STEP_US = 34_000;

/** Chooses what the left frame shows, and keeps both captions. */
export class CaptionView {
  /** Shows tokens on the left even where there is an original. */
  prefersTokens = false;

  /** Shows the present state. */
  show(studio: Studio, nowMs: number): void {
    const { publication } = studio;
    const hasOriginal = publication !== undefined && !publication.original.isBroken;
    const isOriginal = hasOriginal && !this.prefersTokens;
    const isVideo = studio.viewing?.way.kind === 'video';
    element('preview', HTMLCanvasElement).hidden = isVideo;
    element('preview-video', HTMLVideoElement).hidden = !isVideo;
    element('left-choice', HTMLFieldSetElement).hidden = !hasOriginal;
    element('glyphs', HTMLCanvasElement).hidden = isOriginal;
    element('original-canvas', HTMLCanvasElement).hidden = !isOriginal || publication?.surface !== 'canvas';
    element('original-video', HTMLVideoElement).hidden = !isOriginal || publication?.surface !== 'video';
    say(element('left-name', HTMLElement), isOriginal ? 'Original' : 'Tokens');
    say(element('left-note', HTMLElement), isOriginal ? originalWords(studio) : tokensWords(studio));
    say(element('right-note', HTMLElement), rebuiltWords(studio, nowMs));
  }
}

function originalWords(studio: Studio): string {
  const { transport } = studio.publication ?? {};
  return [transport, offsetWords(studio)].filter(Boolean).join(' · ');
}

function offsetWords({ shownOriginalUs, viewing, publication, roundTrip }: Studio): string {
  if (viewing?.way.kind === 'video') {
    const medianMs = roundTrip?.medianMs;
    if (medianMs === undefined) return 'live, ahead of the rebuilt picture';
    return `held back by the round trip of ${inWords(duration(medianMs))}`;
  }
  return stepWords({ shownOriginalUs, viewing, publication });
}

function stepWords({
  shownOriginalUs,
  viewing,
  publication,
}: Pick<Studio, 'shownOriginalUs' | 'viewing' | 'publication'>): string {
  const rebuiltUs = viewing?.player.shown?.ptsUs;
  if (shownOriginalUs === undefined || rebuiltUs === undefined) return 'waiting for the rebuilt picture';
  const aheadUs = shownOriginalUs - rebuiltUs;
  if (publication?.surface === 'video' && viewing?.state.kind === 'ended') return '';
  if (Math.abs(aheadUs) < IN_STEP_US) return 'in step with the rebuilt picture';
  const side = aheadUs > 0 ? 'ahead of' : 'behind';
  return `${inWords(duration(Math.abs(aheadUs) / 1000))} ${side} the rebuilt picture`;
}

function tokensWords({ viewing, publication }: Studio): string {
  if (publication?.original.isBroken === true) return 'this browser cannot play the original';
  if (viewing === undefined) return '';
  return publication === undefined
    ? 'newest keyframe; the original stays with its publisher'
    : 'newest keyframe, one glyph an id';
}

function rebuiltWords({ viewing, publication }: Studio, nowMs: number): string {
  if (viewing?.hasPicture !== true) return '';
  if (viewing.way.kind === 'video') return 'video over WebRTC';
  const shown = viewing.player.shown;
  if (shown === undefined) return '';
  const age = publication?.isLive === true ? publication.clock?.ageMs(shown.ptsUs, nowMs) : undefined;
  const isRunning = viewing.state.kind === 'live';
  const near = publication?.clockQuality === 'near' ? 'about ' : '';
  const late = age === undefined || !isRunning ? '' : `, ${near}${inWords(duration(age))} after it was taken`;
  return `${timeText(shown.ptsUs)}${late} · JPEG over a WebSocket: ${viewing.way.why}`;
}
