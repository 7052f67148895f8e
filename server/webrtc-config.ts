import { z } from 'zod';
import { configKey, wholeNumber } from './config-key.ts';

/** A STUN or TURN server, as browsers take it. */
export const IceServerSchema = z.strictObject({
  urls: z
    .string()
    .regex(/^(stuns?|turns?):[\w.:[\]-]+(\?transport=(udp|tcp))?$/, 'a server is a stun: or turn: address'),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof IceServerSchema>;

/** As much as a route takes at all. */
const MAX_SDP_BYTES = 64 * 1024;

const port = wholeNumber().max(65_535);
const address = z.union([z.ipv4(), z.ipv6()]);

/** The keys of WebRTC. */
export const webrtc = {
  webrtcHosts: configKey(
    'list',
    z.array(z.string().min(1)).default([]),
    'Addresses that WebRTC media comes to, by UDP, and that peers are told; that of host if empty, all of the machine’s for a wildcard. Fewer make connecting faster.',
  ),
  webrtcPublicHosts: configKey(
    'list',
    z.array(address).default([]),
    'Further addresses that peers are told, whose UDP ports a router or a cloud forwards to the same ports here.',
  ),
  webrtcPortMin: configKey(
    'count',
    port.default(0),
    'First UDP port to try for WebRTC; all connections share one port of each address. 0 with webrtcPortMax 0 takes a free one, which no firewall can know.',
  ),
  webrtcPortMax: configKey('count', port.default(0), 'Last UDP port to try for WebRTC.'),
  iceServers: configKey(
    'json',
    z.array(IceServerSchema).default([]),
    'STUN and TURN servers that peers are told, as a list of {urls, username?, credential?}. Only for peers behind a NAT or firewall that lets them not reach the UDP port; whoever may connect learns the credentials.',
  ),
  maxPeers: configKey(
    'count',
    wholeNumber().default(256),
    'WebRTC connections at once, publishers and viewers; 0 refuses all.',
  ),
  maxSdpBytes: configKey(
    'bytes',
    wholeNumber(1024).max(MAX_SDP_BYTES).default(MAX_SDP_BYTES),
    'Largest SDP of a peer.',
  ),
  webrtcHandshakeMs: configKey(
    'ms',
    wholeNumber(100).default(15_000),
    'Time from the answer until a peer is connected. Longer bears slow relays and keeps the name of a publisher busy that never comes.',
  ),
  webrtcSilenceMs: configKey(
    'ms',
    wholeNumber(100).default(4500),
    'Silence after which a WebRTC peer is taken for lost. Browsers let themselves be heard every 2500 ms even without media; shorter ends connections that only falter.',
  ),
  webrtcKeyframeIntervalMs: configKey(
    'ms',
    wholeNumber().default(4000),
    'A WebRTC publisher is asked for a keyframe where none came for this long; 0 leaves it to the publisher. Shorter recovers sooner and costs bits or sharpness.',
  ),
  webrtcStartBitrate: configKey(
    'bits/s',
    wholeNumber().default(1_000_000),
    'What a browser that publishes begins with, before it knows the path; 0 leaves it to the browser, which begins with small pictures. Higher is sharp at once and loses more on a path that cannot bear it.',
  ),
  webrtcMaxBitrate: configKey(
    'bits/s',
    wholeNumber(10_000).default(4_000_000),
    'The most that a WebRTC publisher is allowed to send. Higher gives sharper pictures to tokenize and wants the network for it.',
  ),
};
