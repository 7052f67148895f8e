import { type RTCDataChannel, RTCSctpTransport } from 'werift';
import { MAX_CHANNEL_MESSAGE_BYTES } from './answer-sdp.ts';
import type { MediaTransport } from './media-transport.ts';
import type { OfferedMedia } from './offer-sdp.ts';
import type { PeerChannel } from './peer.ts';

/** Data channels that one peer may have open at once. */
const MAX_CHANNELS = 8;

/** Brings up data channels on a transport; its `start` is called once the transport is connected. */
export class DataChannels {
  readonly #sctp: RTCSctpTransport;
  readonly #remotePort: number;

  constructor(
    transport: MediaTransport,
    { port, maxMessageBytes }: NonNullable<OfferedMedia['channels']>,
    onChannel: (channel: PeerChannel) => void,
  ) {
    this.#remotePort = port;
    this.#sctp = new RTCSctpTransport(port, MAX_CHANNEL_MESSAGE_BYTES);
    this.#sctp.setDtlsTransport(transport);
    this.#sctp.setRemoteMaxMessageSize(maxMessageBytes);
    catchRejections(this.#sctp, transport);
    this.#sctp.onDataChannel.subscribe((channel) => {
      if (Object.keys(this.#sctp.dataChannels).length > MAX_CHANNELS) channel.close();
      else onChannel(wrap(channel));
    });
  }

  async start(): Promise<void> {
    await this.#sctp.start(this.#remotePort);
  }

  async close(): Promise<void> {
    await this.#sctp.stop();
    for (const channel of Object.values(this.#sctp.dataChannels)) channel.setReadyState('closed');
    this.#sctp.onDataChannel.allUnsubscribe();
  }
}

type Receive = (...packet: readonly unknown[]) => Promise<void>;

/** werift takes packets in asynchronous methods that nobody awaits: one malformed packet would end the process. */
function catchRejections(transport: RTCSctpTransport, dtls: MediaTransport): void {
  const { sctp } = transport;
  const safely = (owner: object, method: string): ((...packet: readonly unknown[]) => void) => {
    const receive = Reflect.get(owner, method) as Receive;
    return (...packet) => void receive.apply(owner, [...packet]).catch(() => undefined);
  };
  dtls.dataReceiver = safely(sctp, 'handleData');
  sctp.onReceive.allUnsubscribe();
  sctp.onReceive.subscribe(safely(transport, 'datachannelReceive'));
}

function wrap(channel: RTCDataChannel): PeerChannel {
  let isClosed = false;
  const closed: (() => void)[] = [];
  const flushed: (() => void)[] = [];
  /** Any byte that leaves crosses the threshold. */
  const awaitFlush = (): void => {
    channel.bufferedAmountLowThreshold = Math.max(0, channel.bufferedAmount - 1);
  };
  // The event comes before the amount is changed.
  const onLow = (): void =>
    queueMicrotask(() => {
      awaitFlush();
      for (const listener of flushed) listener();
    });
  channel.bufferedAmountLow.subscribe(onLow);
  channel.stateChange.subscribe((state) => {
    if (state !== 'closed' || isClosed) return;
    isClosed = true;
    for (const listener of closed.splice(0)) listener();
  });
  return {
    label: channel.label,
    protocol: channel.protocol,
    isReliable: channel.ordered && channel.maxRetransmits === null && channel.maxPacketLifeTime === null,
    get bufferedBytes() {
      return channel.bufferedAmount;
    },
    send: (message) => {
      if (isClosed) return;
      channel.send(typeof message === 'string' ? message : Buffer.from(message));
      awaitFlush();
    },
    close: () => channel.close(),
    onMessage: (listener) => void channel.onMessage.subscribe(listener),
    onFlushed: (listener) => void flushed.push(listener),
    onClosed: (listener) => {
      if (isClosed) listener();
      else closed.push(listener);
    },
  };
}
