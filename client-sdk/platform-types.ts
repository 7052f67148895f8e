/** The instance type of a global class, where the platform's types know it; so that Node needs no types of browsers. */
type Platform<Name extends string> =
  typeof globalThis extends Record<Name, { prototype: infer Instance }> ? Instance : never;

export type PlatformMediaStream = Platform<'MediaStream'>;
export type PlatformMediaStreamTrack = Platform<'MediaStreamTrack'>;
export type PlatformPeerConnection = Platform<'RTCPeerConnection'>;
