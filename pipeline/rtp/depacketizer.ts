/** What the payloads of one access unit's packets gave. */
export type Depacketized =
  | {
      readonly type: 'unit';
      /** In the form that the codec's reader takes; the receiver owns the bytes. */
      readonly data: Uint8Array;
      /** Whether decoding may begin here. */
      readonly isKeyframe: boolean;
    }
  /** The unit is not whole, or not well-formed. */
  | { readonly type: 'broken' }
  /** A form of the codec that is not taken; `detail` says what the sender must do instead. */
  | { readonly type: 'refused'; readonly detail: string };

/** Makes access units of RTP payloads. One instance serves one payload type of one source. */
export interface Depacketizer {
  /**
   * Takes the payloads of one unit: consecutive packets, none empty, the last one the unit's last. Where packets before
   * the first are missing (`isAfterHole`), the unit's own first bytes must prove that none of them was the unit's.
   */
  depacketize(payloads: readonly Uint8Array[], options: { isAfterHole: boolean }): Depacketized;
  /** Whether the payload begins or holds a part of a keyframe, as far as one packet tells. */
  announcesKeyframe(payload: Uint8Array): boolean;
}

export const BROKEN: Depacketized = { type: 'broken' };
