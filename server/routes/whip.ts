import { reasonOf, type TokenizerError } from '../../pipeline/errors.ts';
import type { AppContext } from '../http/context.ts';
import { PublishQuerySchema, parsePublishQuery } from '../http/publish-query.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';
import type { SessionOutcome } from '../sessions/session.ts';
import { takeVideo } from '../webrtc/take-video.ts';
import { serveTokenChannel, TOKEN_CHANNEL } from '../webrtc/token-channel.ts';
import { WhipPublisher } from '../webrtc/whip-publisher.ts';
import { offerOf, SDP, SDP_ERRORS, SDP_FRAGMENT, sendCreated } from './peer-resource.ts';
import { PUBLISH_ERRORS } from './publish.ts';

const WhipQuerySchema = PublishQuerySchema.pick({ takeover: true, motion: true });

/** `POST /v1/streams/{stream}/whip`: publish over WebRTC (RFC 9725). */
export const publishByWhip = (context: AppContext): RouteSpec => ({
  method: 'POST',
  path: '/v1/streams/{stream}/whip',
  summary: 'Publish over WebRTC',
  description: `WHIP (RFC 9725): the body is an offer, the answer is complete with candidates of a lite ICE agent. H.264 is chosen where it is offered, else VP8, VP9 or AV1 by the offer's order. Location names the connection, which takes PATCH with ${SDP_FRAGMENT} and DELETE; ETag is that of its ICE session. A data channel labelled ${TOKEN_CHANNEL} carries the stream's messages back, as WHEP's does. Delivery is live.`,
  action: 'publish',
  query: WhipQuerySchema,
  textBody: SDP,
  responses: {
    201: {
      description: 'The answer; Location, ETag, Link and Accept-Patch tell of the connection',
      content: { [SDP]: undefined },
    },
  },
  errors: [...PUBLISH_ERRORS, ...SDP_ERRORS, 'no-video-section', 'no-common-codec'],
  handle: async (request, reply) => {
    const { config, log, metrics, peerResources, peers, registry } = context;
    const stream = streamOf(request);
    const asked = parsePublishQuery(WhipQuerySchema.parse(request.query), {
      delivery: 'live',
      motion: config.motion,
    });
    const offer = offerOf(request);
    const { video, plans } = takeVideo(offer, {
      startBitrate: Math.min(config.webrtcStartBitrate, config.webrtcMaxBitrate),
    });
    registry.checkPublish(stream, asked);
    const onRefused = ({ code }: TokenizerError): void => metrics.refusals.inc({ code });
    const publisher = new WhipPublisher({
      video,
      config,
      metrics,
      onChannel: (channel) => serveTokenChannel(channel, { registry, stream, onRefused }),
    });
    const peer = await peers.accept(offer, plans, publisher);
    const session = await registry
      .publish(stream, { ...asked, ...publisher.request })
      .catch(async (fault) => {
        await peer.close();
        throw fault;
      });
    const ended = publisher.join(peer, session);
    const end = async (): Promise<void> => {
      session.finish('finished');
      await ended;
      const error = endingOf(await session.done);
      if (error) throw error;
    };
    const resource = peerResources.add({ kind: 'whip', stream, peer, end });
    const forget = async (): Promise<void> => peerResources.remove(resource, endingOf(await session.done));
    ended.then(forget, async (fault: unknown) => {
      log.error({ fault: reasonOf(fault) }, 'publisher did not close');
      await forget();
    });
    return sendCreated(reply, resource, context);
  },
});

/** What a publisher is told whom the server has ended; not one that has left by itself. */
const endingOf = ({ error }: SessionOutcome): TokenizerError | undefined =>
  error?.code === 'aborted' ? undefined : error;
