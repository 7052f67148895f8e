import { type Codec, CodecContext, type Frame, Packet } from 'node-av';
import { throwIfNegative } from './native-error.ts';

/** A picture as an encoder gave it. */
export interface CodedPicture {
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
}

/**
 * Opens an encoder with the settings that `prepare` makes; the caller owns it. `name` is for messages. Throws where this
 * build has none, or the settings are not taken.
 */
export async function openPictureEncoder(
  codec: Codec | null,
  name: string,
  prepare: (context: CodecContext) => void,
): Promise<CodecContext> {
  if (!codec) throw new Error(`this build of node-av has no ${name} encoder`);
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    prepare(context);
    throwIfNegative(await context.open2(codec), `Open the ${name} encoder`);
    return context;
  } catch (error) {
    context.freeContext();
    throw error;
  }
}

/** Codes one picture, which it borrows, with an encoder that gives each at once; calls must not overlap. `name` is for messages. */
export async function encodePicture(
  context: CodecContext,
  name: string,
  frame: Frame,
): Promise<CodedPicture> {
  throwIfNegative(await context.sendFrame(frame), `Send a picture to the ${name} encoder`);
  using packet = new Packet();
  packet.alloc();
  throwIfNegative(await context.receivePacket(packet), `Receive a picture from the ${name} encoder`);
  const { data } = packet;
  if (!data) throw new Error(`the ${name} encoder gave an empty packet`);
  return { data: new Uint8Array(data), isKeyframe: packet.isKeyframe };
}
