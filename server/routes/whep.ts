import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';
import { parseTokensQuery, TokensQuerySchema } from '../http/tokens-query.ts';
import { giveVideo } from '../webrtc/give-video.ts';
import { serveTokenChannel, TOKEN_CHANNEL } from '../webrtc/token-channel.ts';
import { WhepViewer } from '../webrtc/whep-viewer.ts';
import { offerOf, SDP, SDP_ERRORS, SDP_FRAGMENT, sendCreated } from './peer-resource.ts';

/** `POST /v1/streams/{stream}/whep`: watch over WebRTC (draft-ietf-wish-whep). */
export const watchByWhep = (context: AppContext): RouteSpec => ({
  method: 'POST',
  path: '/v1/streams/{stream}/whep',
  summary: 'Watch the reconstruction over WebRTC, and follow the tokens',
  description: `WHEP (draft-ietf-wish-whep): the body is an offer that receives video, the answer is complete with candidates of a lite ICE agent. H.264 (constrained baseline, packetization-mode 1) is sent where it is offered, else VP8. A data channel labelled ${TOKEN_CHANNEL} that the viewer opens carries the messages; its protocol takes the parameters of this call (from=…&format=…) and overrides them. An offer of data channels alone is taken too. A stream that nobody publishes yet is waited for. Location names the connection, which takes PATCH with ${SDP_FRAGMENT} and DELETE; ETag is that of its ICE session.`,
  action: 'read',
  query: TokensQuerySchema,
  textBody: SDP,
  responses: {
    201: {
      description: 'The answer; Location, ETag, Link and Accept-Patch tell of the connection',
      content: { [SDP]: undefined },
    },
  },
  errors: [
    ...SDP_ERRORS,
    'bad-request',
    'invalid-stream-name',
    'invalid-cursor',
    'no-video-section',
    'no-common-codec',
    'too-many',
    'shutting-down',
  ],
  handle: async (request, reply) => {
    const { log, metrics, peerResources, peers, registry } = context;
    const stream = streamOf(request);
    const query = TokensQuerySchema.parse(request.query);
    parseTokensQuery(query);
    const offer = offerOf(request);
    const { video, plans } = giveVideo(offer, { cname: 'kinoglyph' });
    registry.watchable(stream);
    const viewerLog = log.child({ stream, codec: video?.codec });
    const viewer = new WhepViewer({
      video,
      openPreview: () => registry.watchable(stream).preview,
      onChannel: (channel) =>
        serveTokenChannel(channel, {
          registry,
          stream,
          query,
          onRefused: ({ code }) => metrics.refusals.inc({ code }),
        }),
      onEnd: (code, detail) => {
        metrics.refusals.inc({ code });
        viewerLog.debug({ code, detail }, 'viewer dismissed');
      },
      onKeyframeRequest: (outcome) => metrics.viewerKeyframeRequests.inc({ outcome }),
      onSent: (outcome, packets) => metrics.rtpPacketsSent.inc({ outcome }, packets),
    });
    const peer = await peers.accept(offer, plans, viewer);
    viewer.join(peer);
    const resource = peerResources.add({ kind: 'whep', stream, peer, end: () => viewer.close() });
    void viewer.ended.then(() => {
      peerResources.remove(resource);
      viewerLog.debug({ ...viewer.statistics }, 'viewer left');
    });
    return sendCreated(reply, resource, context);
  },
});
