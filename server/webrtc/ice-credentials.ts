import { randomBytes } from 'node:crypto';

/** One side's name and secret of an ICE session (RFC 8445 5.3). */
export interface IceParameters {
  readonly ufrag: string;
  readonly pwd: string;
}

/** At least 24 bits for the name and 128 for the secret (RFC 8839 5.4); base64url without `-` and `_` stays in `ice-char`. */
export const createIceParameters = (): IceParameters => ({ ufrag: iceChars(8), pwd: iceChars(32) });

/** Lengths and characters of RFC 8839 5.4. */
export const isIceParameters = ({ ufrag, pwd }: IceParameters): boolean =>
  /^[\w+/-]{4,256}$/.test(ufrag) && /^[\w+/-]{22,256}$/.test(pwd);

export const equalIceParameters = (one: IceParameters, other: IceParameters): boolean =>
  one.ufrag === other.ufrag && one.pwd === other.pwd;

const iceChars = (length: number): string =>
  randomBytes(2 * length)
    .toString('base64')
    .replaceAll(/[+/=]/g, '')
    .slice(0, length);
