import { MediaError } from '../errors.ts';
import type { VideoCodec } from '../types.ts';
import type { TsPacket } from './ts-packet.ts';
import {
  codecOf,
  type ProgramStream,
  parsePat,
  parsePmt,
  refusedVideoOf,
  SectionAssembler,
} from './ts-sections.ts';

/** The video stream that is followed. */
export interface VideoStream {
  readonly pid: number;
  readonly codec: VideoCodec;
}

const PAT_PID = 0;
/** Programs of one transport stream that are looked at. */
const MAX_PROGRAMS = 64;

interface Program {
  readonly sections: SectionAssembler;
  streams: readonly ProgramStream[] | undefined;
}

/** Follows the tables of a transport stream and chooses the first video stream of the first program that has one. */
export class TsPrograms {
  readonly #pat = new SectionAssembler();
  /** Programs in the table's order, by the PID of their map. */
  #programs = new Map<number, Program>();

  /** Whether packets of a PID belong here. */
  has(pid: number): boolean {
    return pid === PAT_PID || this.#programs.has(pid);
  }

  /** Takes a packet of the tables; gives whether one of them may have changed. */
  push(packet: TsPacket): boolean {
    if (!packet.payload) return false;
    if (packet.pid === PAT_PID) return this.#pushPat(packet.payload, packet.isUnitStart);
    const program = this.#programs.get(packet.pid);
    const sections = program?.sections.push(packet.payload, packet.isUnitStart) ?? [];
    const streams = sections.map(parsePmt).findLast((found) => found !== undefined);
    if (!program || !streams) return false;
    program.streams = streams;
    return true;
  }

  /** The stream to follow; stays with `current` while its program carries it. */
  choose(current: VideoStream | undefined): VideoStream | undefined {
    const streams = [...this.#programs.values()].flatMap((program) => program.streams ?? []);
    const videos = streams.flatMap((stream) => {
      const codec = codecOf(stream);
      return codec ? [{ pid: stream.pid, codec }] : [];
    });
    const kept = videos.find((video) => video.pid === current?.pid && video.codec === current.codec);
    return kept ?? videos[0];
  }

  /** Throws where every program is known and none has video that is taken. */
  requireVideo(): void {
    const programs = [...this.#programs.values()];
    if (programs.length === 0 || programs.some((program) => program.streams === undefined)) return;
    const streams = programs.flatMap((program) => program.streams ?? []);
    if (streams.some((stream) => codecOf(stream))) return;
    const refused = streams.map(refusedVideoOf).find((name) => name !== undefined);
    if (refused)
      throw new MediaError(
        'unsupported-codec',
        `MPEG-TS video is H.264, HEVC, MPEG-4 Part 2, MPEG-2 or MPEG-1, got ${refused}`,
      );
    const types = streams.map((stream) => `0x${stream.type.toString(16).padStart(2, '0')}`);
    throw new MediaError(
      'no-video',
      `a stream needs a video track, got an MPEG-TS with stream types ${types.join(', ') || 'none'}`,
    );
  }

  #pushPat(payload: Uint8Array, isUnitStart: boolean): boolean {
    const pids = this.#pat
      .push(payload, isUnitStart)
      .map(parsePat)
      .findLast((found) => found !== undefined);
    if (!pids) return false;
    const programs = pids.slice(0, MAX_PROGRAMS).map((pid): [number, Program] => {
      const known = this.#programs.get(pid);
      return [pid, known ?? { sections: new SectionAssembler(), streams: undefined }];
    });
    this.#programs = new Map(programs);
    return true;
  }
}
