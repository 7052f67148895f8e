import { type IceServer, iceServersOf } from './ice-servers.ts';
import { KinoglyphError, type KinoglyphErrorCode } from './kinoglyph-error.ts';
import type { PlatformPeerConnection } from './platform-types.ts';
import { fullJitter, type ReconnectPolicy } from './reconnect-policy.ts';
import { reconnecting } from './reconnecting.ts';
import type { TokenMessage } from './resume-point.ts';
import { TokenChannel } from './token-channel.ts';

/** What a WebRTC connection does: `reconnecting` when it was lost, `closed` at its end. */
export type PeerState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface PeerOptions {
  /** From an answer to a connection, ms; default 15 s, which is as long as the server waits. */
  readonly connectMs?: number | undefined;
  readonly reconnect?: ReconnectPolicy | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each change of the connection; `reason` says why it was closed, where it failed. */
  onState?(state: PeerState, reason?: unknown): void;
  /**
   * Where given, the stream's messages come on a data channel of the same connection: each once, in order, from the open
   * clip on, over as many connections as it takes.
   */
  onMessage?(message: TokenMessage): void;
}

/** The server's answer to an offer. */
export interface PeerAnswer {
  readonly sdp: string;
  readonly iceServers: readonly IceServer[];
  /** Ends the connection on the server's side. */
  end(): Promise<Farewell>;
}

/** What the server said to the end of a connection. */
export interface Farewell {
  /** Whether the server knows that it has ended. */
  readonly isKnown: boolean;
  /** Why the server had ended it before, where that is for good. */
  readonly verdict?: KinoglyphError | undefined;
}

export interface PeerLinkOptions extends PeerOptions {
  /** Sends an offer to the server. Rejects with a `KinoglyphError`. */
  readonly offer: (sdp: string) => Promise<PeerAnswer>;
  /** Puts tracks on a connection that was just made. */
  readonly prepare: (connection: PlatformPeerConnection) => void;
}

const CONNECT_MS = 15_000;
/** Checks that go unanswered for longer than they may falter, ms. */
const DISCONNECTED_MS = 4000;

/** Throws a `KinoglyphError` of code `unsupported` where the platform has no WebRTC. */
export function assertWebRtc(instead: string): void {
  if (typeof globalThis.RTCPeerConnection === 'undefined')
    throw KinoglyphError.unsupported(`this platform has no WebRTC (RTCPeerConnection); ${instead}`);
}

/** A WebRTC connection to the server that is made anew when it is lost. */
export class PeerLink {
  /** Resolves when `close` was called; rejects when the link was given up, or with the signal's reason. */
  readonly closed: Promise<void>;
  readonly #options: PeerLinkOptions;
  readonly #stopping = new AbortController();
  readonly #channel: TokenChannel | undefined;
  #connection: PlatformPeerConnection | undefined;
  #state: PeerState = 'connecting';
  /** Whether a connection of this link may still hold the stream's name. */
  #isHeld = false;
  #hasConnected = false;

  private constructor(options: PeerLinkOptions, onConnected: () => void) {
    this.#options = options;
    this.#channel = options.onMessage && new TokenChannel((message) => options.onMessage?.(message));
    this.closed = this.#run(onConnected);
  }

  /** Resolves when the connection stands. Rejects with what is not worth another try, or the signal's reason. */
  static async open(options: PeerLinkOptions): Promise<PeerLink> {
    options.signal?.throwIfAborted();
    return await new Promise<PeerLink>((resolve, reject) => {
      const link: PeerLink = new PeerLink(options, () => resolve(link));
      link.closed.catch(reject);
    });
  }

  get state(): PeerState {
    return this.#state;
  }

  /** The connection that stands, or was the last to stand. */
  get connection(): PlatformPeerConnection | undefined {
    return this.#connection;
  }

  /** Ends the connection; resolves when the server knows. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.closed;
  }

  async #run(onConnected: () => void): Promise<void> {
    const { reconnect = fullJitter(), signal } = this.#options;
    const onAbort = (): void => this.#stopping.abort();
    signal?.addEventListener('abort', onAbort);
    let reason: unknown;
    try {
      const connections = reconnecting(() => this.#connect(), {
        reconnect,
        signal: this.#stopping.signal,
        onState: (state) => state !== 'closed' && this.#enter(state),
      });
      for await (const connection of connections) {
        this.#connection = connection;
        this.#hasConnected = true;
        this.#enter('connected');
        onConnected();
      }
    } catch (error) {
      reason = signal?.aborted ? signal.reason : error;
      if (signal?.aborted || !this.#stopping.signal.aborted) throw reason;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#enter('closed', this.#stopping.signal.aborted ? undefined : reason);
    }
  }

  #enter(state: PeerState, reason?: unknown): void {
    this.#state = state;
    this.#options.onState?.(state, reason);
  }

  /** Makes one connection, yields it when it stands, and throws when it does no more. */
  async *#connect(): AsyncGenerator<PlatformPeerConnection, void, undefined> {
    const { prepare, connectMs = CONNECT_MS } = this.#options;
    const connection = new RTCPeerConnection();
    const life = new Life(connection, this.#stopping.signal);
    let answer: PeerAnswer | undefined;
    try {
      prepare(connection);
      this.#channel?.openOn(connection);
      const { sdp = '' } = await connection.createOffer();
      answer = await this.#offer(sdp);
      life.throwIfEnded();
      // Candidates are gathered from the local description on, by when the servers must be known.
      connection.setConfiguration({ iceServers: [...answer.iceServers] });
      await connection.setLocalDescription({ type: 'offer', sdp });
      await connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
      life.watchTransport(connectMs);
      await life.connected;
      yield connection;
      await life.ended;
    } finally {
      life.stop();
      await this.#part(connection, answer);
    }
  }

  /** Closes a connection. Throws where the server had ended it for good. */
  async #part(connection: PlatformPeerConnection, answer: PeerAnswer | undefined): Promise<void> {
    // A goodbye of the connection itself would make the server forget what the call is about.
    const farewell = await answer?.end();
    connection.close();
    if (farewell) this.#isHeld = !farewell.isKnown;
    if (farewell?.verdict) throw farewell.verdict;
  }

  async #offer(sdp: string): Promise<PeerAnswer> {
    try {
      return await this.#options.offer(sdp);
    } catch (error) {
      const isBusy = error instanceof KinoglyphError && error.code === 'stream-busy';
      if (!isBusy || !this.#hasConnected) throw error;
      // The server may not have noticed yet that the connection before this one was lost.
      throw this.#isHeld ? KinoglyphError.network(error.message, error) : KinoglyphError.replaced();
    }
  }
}

/** What becomes of one connection. */
class Life {
  readonly connected: Promise<void>;
  /** Rejects with a `KinoglyphError` when the connection was lost, or with the signal's reason. */
  readonly ended: Promise<never>;
  readonly #connection: PlatformPeerConnection;
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onConnected: () => void = () => undefined;
  #fail: (reason: unknown) => void = () => undefined;

  constructor(connection: PlatformPeerConnection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
    this.ended = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.connected = Promise.race([
      this.ended,
      new Promise<void>((resolve) => {
        this.#onConnected = resolve;
      }),
    ]);
    // Whoever waits for neither hears of the failure by other ways.
    this.ended.catch(() => undefined);
    this.connected.catch(() => undefined);
    connection.addEventListener('connectionstatechange', this.#onChange);
    signal.addEventListener('abort', this.#onAbort);
  }

  /** Throws the signal's reason, as `ended` does. */
  throwIfEnded(): void {
    this.#signal.throwIfAborted();
  }

  /** Begins once both descriptions are in force. */
  watchTransport(connectMs: number): void {
    const connection = this.#connection;
    this.#failAfter(connectMs, `no WebRTC connection within ${connectMs} ms`);
    const transport = connection.getTransceivers()[0]?.sender.transport ?? connection.sctp?.transport;
    transport?.addEventListener('statechange', () => {
      // The close of DTLS is a goodbye: what is merely lost stays silent.
      if (transport.state !== 'closed' || connection.signalingState === 'closed') return;
      this.#fail(KinoglyphError.network('the server ended the connection'));
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#connection.removeEventListener('connectionstatechange', this.#onChange);
  }

  #failAfter(delayMs: number, message: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(KinoglyphError.network(message)), delayMs);
  }

  readonly #onAbort = (): void => this.#fail(this.#signal.reason);

  readonly #onChange = (): void => {
    switch (this.#connection.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#onConnected();
        return;
      case 'disconnected':
        this.#failAfter(DISCONNECTED_MS, 'nothing is heard of the server any more');
        return;
      case 'failed':
        this.#fail(KinoglyphError.network('the WebRTC connection failed'));
    }
  };
}

/** Ends of a connection after which another one would come to the same end. */
const VERDICTS: readonly KinoglyphErrorCode[] = [
  'stream-ended',
  'replaced',
  'unsupported-codec',
  'picture-size',
  'unit-too-large',
  'no-pictures',
];

/** Reads the server's answer to a POST of an offer. `end` is called with the last part of its `Location`. */
export async function readAnswer(
  response: Response,
  end: (connection: string) => Promise<unknown>,
): Promise<PeerAnswer> {
  const location = response.headers.get('location')?.split('/').at(-1);
  return {
    sdp: await response.text(),
    iceServers: iceServersOf(response.headers.get('link')),
    end: async () => {
      try {
        if (location) await end(location);
        return { isKnown: true };
      } catch (error) {
        return farewellOf(error);
      }
    },
  };
}

function farewellOf(error: unknown): Farewell {
  if (!(error instanceof KinoglyphError)) return { isKnown: false };
  if (VERDICTS.includes(error.code)) return { isKnown: true, verdict: error };
  return { isKnown: error.code === 'not-found' };
}
