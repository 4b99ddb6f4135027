/**
 * Several streams over one message connection: the first byte of each message is its channel.
 * Source: Kubernetes' `v4.channel.k8s.io` and `v5.channel.k8s.io` (KEP-4006).
 */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export const remoteProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** The largest piece of a stream that goes into one message, as large as kubectl's. */
const maxPieceBytes = 32 * 1024;

export interface ChannelMessage {
  readonly channel: number;
  readonly data: Uint8Array;
}

/** Undefined for an empty message, which some servers send to keep the connection alive. */
export function decodeMessage(message: Uint8Array): ChannelMessage | undefined {
  const channel = message[0];
  return channel === undefined ? undefined : { channel, data: message.subarray(1) };
}

/** The messages that carry the data; one at least. */
export function* encodeMessages(channel: number, data: Uint8Array): Generator<Uint8Array, void, undefined> {
  let start = 0;
  do {
    const piece = data.subarray(start, start + maxPieceBytes);
    const message = new Uint8Array(piece.length + 1);
    message[0] = channel;
    message.set(piece, 1);
    yield message;
    start += maxPieceBytes;
  } while (start < data.length);
}

/** Closes one channel, in version 5 alone. */
export function closeMessage(channel: number): Uint8Array {
  return Uint8Array.of(channels.close, channel);
}
