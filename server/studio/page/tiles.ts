import { type Quantiles, quantilesOf } from '../meters/token-meter.ts';
import type { Publication } from '../session/publication.ts';
import type { RoundTrip } from '../session/round-trip.ts';
import type { Viewing } from '../session/viewing.ts';
import type { TileContent, Tiles } from './figures-view.ts';
import { bitRate, duration, inWords } from './format.ts';

/** What the tiles are read from. */
export interface TileSources {
  readonly viewing: Viewing;
  readonly publication: Publication | undefined;
  /** Average of the epoch as the server counts it. */
  readonly sourceBitsPerSecond: number | undefined;
  /** Delays from capture to the arrival of tokens on this page, ms, newest last. */
  readonly endToEndMs: readonly number[];
  readonly roundTrip: RoundTrip | undefined;
  readonly nowMs: number;
}

/** Puts the figures of a viewing into the words of the tiles. */
export function tilesOf(sources: TileSources): Tiles {
  const { viewing, nowMs } = sources;
  const figures = viewing.meter.read();
  const shownPerSecond = viewing.shown.perSecond(nowMs);
  const hasTokens = figures.keyframes > 0;
  return {
    tokens: {
      figure: hasTokens ? { value: figures.tokensPerSecond.toFixed(0), unit: 'a second' } : undefined,
      note: `${figures.keyframes} keyframes, ${figures.chunks} chunks, ${figures.stillChunks} still`,
      sample: hasTokens ? figures.tokensPerSecond : undefined,
    },
    bits: bitsTile(figures.bitsPerSecond, sources.sourceBitsPerSecond),
    keyframe: latencyTile(figures.keyframeLatency),
    motion: latencyTile(figures.motionLatency),
    endToEnd: endToEndTile(sources),
    preview: {
      figure: shownPerSecond > 0 ? { value: shownPerSecond.toFixed(1), unit: 'a second' } : undefined,
      note: viewing.way.kind === 'video' ? 'video over WebRTC' : `JPEG, ${viewing.player.dropped} not shown`,
      sample: shownPerSecond,
    },
    drops: dropsTile(figures, sources.publication?.dropped ?? 0),
    roundTrip: roundTripTile(sources),
  };
}

function bitsTile(bitsPerSecond: number, sourceBitsPerSecond: number | undefined): TileContent {
  if (bitsPerSecond === 0) return { figure: undefined, note: '', sample: undefined };
  const ratio = (sourceBitsPerSecond ?? 0) / bitsPerSecond;
  const source = sourceBitsPerSecond ? `of ${inWords(bitRate(sourceBitsPerSecond))}` : '';
  return {
    figure: bitRate(bitsPerSecond),
    note: ratio >= 1 ? `${source}, 1\u00a0:\u00a0${ratio.toFixed(ratio < 10 ? 1 : 0)}` : source,
    sample: bitsPerSecond,
  };
}

function latencyTile(latency: Quantiles | undefined): TileContent {
  if (latency === undefined) return { figure: undefined, note: '', sample: undefined };
  return {
    figure: duration(latency.p50Ms),
    note: `p95 ${inWords(duration(latency.p95Ms))}, in the server`,
    sample: latency.p50Ms,
  };
}

function endToEndTile({ endToEndMs, publication, viewing, nowMs }: TileSources): TileContent {
  const delay = quantilesOf(endToEndMs);
  if (publication?.clock === undefined || delay === undefined)
    return {
      figure: undefined,
      note: publication === undefined ? 'known where this page publishes' : '',
      sample: undefined,
    };
  const shown = viewing.player.shown;
  const age = shown === undefined ? undefined : publication.clock.ageMs(shown.ptsUs, nowMs);
  const near = publication.clockQuality === 'near' ? 'about ' : '';
  const picture =
    age === undefined || viewing.state.kind !== 'live' ? '' : `, picture ${near}${inWords(duration(age))}`;
  return { figure: duration(delay.p50Ms), note: `to tokens here${picture}`, sample: delay.p50Ms };
}

function roundTripTile({ roundTrip, publication, viewing }: TileSources): TileContent {
  if (roundTrip === undefined) {
    const isPossible = publication?.transport !== undefined && viewing.way.kind === 'video';
    const note = isPossible ? 'not measured yet' : 'camera to picture, over WebRTC';
    return { figure: undefined, note, sample: undefined };
  }
  const { isRunning, readingsMs } = roundTrip.state;
  const count = `${readingsMs.length} keyframe${readingsMs.length === 1 ? '' : 's'}`;
  return {
    figure: roundTrip.medianMs === undefined ? undefined : duration(roundTrip.medianMs),
    note: isRunning ? `measuring, ${count} read` : `camera to picture, ${count} read`,
    sample: readingsMs.at(-1),
  };
}

function dropsTile(
  figures: { gaps: number; droppedPictures: number; degraded: number },
  unsent: number,
): TileContent {
  const parts = [`${figures.droppedPictures} pictures lost`, `${figures.degraded} degraded`];
  if (unsent > 0) parts.push(`${unsent} not sent`);
  return {
    figure: { value: String(figures.gaps), unit: '' },
    note: parts.join(', '),
    sample: undefined,
    isAlarm: figures.gaps > 0,
  };
}
