import type { OpenMedia } from '../../pipeline/demux/demuxer.ts';

/** What stands between a publisher's connection and the tokenizer. */
export interface MediaIntake {
  /** Gives the media to the one reader, as access units. */
  readonly open: OpenMedia;
  /** Bytes that arrived so far. */
  readonly takenBytes: number;
  /** Nothing more comes; the reader still gets what is held. */
  end(): void;
  /** As `end`, and drops what is held. */
  cancel(): void;
}
