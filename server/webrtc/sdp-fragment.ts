import { ProtocolError } from '../../pipeline/errors.ts';
import { type IceParameters, isIceParameters } from './ice-credentials.ts';

/** What a client adds to its offer, or replaces in it (RFC 8840). */
export interface SdpFragment {
  readonly ice: IceParameters;
  /** Values of `a=candidate`, as they came. */
  readonly candidates: readonly string[];
}

/** `candidate-attribute` of RFC 8839 5.1, as far as it is of a fixed form. */
const CANDIDATE = /^[\w+/-]{1,32} \d{1,5} \S{1,16} \d{1,10} \S{1,255} \d{1,5} typ [a-z]{1,16}( .*)?$/;

/** Reads an ICE fragment. Throws a `ProtocolError` with code `bad-sdp` and the rule. */
export function parseFragment(text: string): SdpFragment {
  const lines = text.split(/\r?\n/);
  const strange = lines.find((line) => line !== '' && !/^[a-z]=/.test(line));
  if (strange !== undefined)
    throw badFragment(`its lines are like a=…, got ${JSON.stringify(strange.slice(0, 40))}`);
  const ice = { ufrag: attributeOf(lines, 'ice-ufrag'), pwd: attributeOf(lines, 'ice-pwd') };
  if (!isIceParameters(ice)) throw badFragment('it has a=ice-ufrag and a=ice-pwd (RFC 8839, 5.4)');
  const candidates = attributesOf(lines, 'candidate');
  if (!candidates.every((candidate) => CANDIDATE.test(candidate)))
    throw badFragment('its a=candidate are of the form of RFC 8839, 5.1');
  return { ice, candidates };
}

const attributesOf = (lines: readonly string[], name: string): string[] =>
  lines.filter((line) => line.startsWith(`a=${name}:`)).map((line) => line.slice(name.length + 3));

const attributeOf = (lines: readonly string[], name: string): string => attributesOf(lines, name)[0] ?? '';

const badFragment = (rule: string): ProtocolError => new ProtocolError('bad-sdp', `an ICE fragment: ${rule}`);
