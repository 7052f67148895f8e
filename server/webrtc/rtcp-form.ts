/** Packet types: RFC 3550 12.1, RFC 4585 6.1, RFC 3611 2. */
export const TYPE = { sr: 200, rr: 201, sdes: 202, bye: 203, rtpfb: 205, psfb: 206, xr: 207 } as const;
/** Feedback message types: RFC 4585 6.2 and 6.3, RFC 5104 4.3, REMB among application messages. */
export const FORMAT = { nack: 1, pli: 1, fir: 4, application: 15 } as const;
/** Extended report blocks: RFC 3611 4.4 and 4.5. */
export const BLOCK = { referenceTime: 4, delay: 5 } as const;
/** The header that every packet has (RFC 3550 6.4.1). */
export const HEADER_BYTES = 4;
/** What an application message begins with that is a REMB (draft-alvestrand-rmcat-remb-03 2.2). */
export const REMB_NAME = Buffer.from('REMB');

/** The big-endian u32 words of bytes; what is left over is left out. */
export const wordsOf = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readUInt32BE(4 * index));
