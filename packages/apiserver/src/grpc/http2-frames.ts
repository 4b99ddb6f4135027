/** Frames of HTTP/2, as far as gRPC needs them. Source: RFC 9113, 6. */
export const frameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = {
  endStream: 0x1,
  acknowledge: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

export const errorCode = {
  noError: 0,
  protocolError: 1,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const headLength = 9;
/** The most that a frame holds unless another size was agreed on. */
export const usualFrameSize = 1 << 14;
export const usualWindow = (1 << 16) - 1;
export const largestWindow = 2 ** 31 - 1;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** A view of what was received. */
  readonly payload: Buffer;
}

export function writeFrameHead(
  bytes: Buffer,
  at: number,
  {
    type,
    flags,
    stream,
    length,
  }: { readonly type: number; readonly flags: number; readonly stream: number; readonly length: number },
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes.writeUInt32BE(stream, at + 5);
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

export function settingsPayload(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.allocUnsafe(6 * settings.length);
  for (const [index, [id, value]] of settings.entries()) {
    bytes.writeUInt16BE(id, 6 * index);
    bytes.writeUInt32BE(value, 6 * index + 2);
  }
  return bytes;
}

/** @throws RangeError */
export function readSettings(payload: Buffer): (readonly [id: number, value: number])[] {
  if (payload.length % 6 !== 0) throw new RangeError('settings that are cut off');
  return Array.from({ length: payload.length / 6 }, (_, index) => [
    payload.readUInt16BE(6 * index),
    payload.readUInt32BE(6 * index + 2),
  ]);
}

/** Without what is around the content of DATA and HEADERS. @throws RangeError */
export function contentOf({ type, flags, payload }: Frame): Buffer {
  let start = 0;
  let end = payload.length;
  if ((flags & flag.padded) !== 0) {
    end -= payload[0] ?? 0;
    start++;
  }
  if (type === frameType.headers && (flags & flag.priority) !== 0) start += 5;
  if (start > end) throw new RangeError('a frame that is all padding');
  return payload.subarray(start, end);
}

/** Divides what a connection brings into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws RangeError for a frame that is larger than was agreed on */
  read(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headLength) {
      const length = bytes.readUIntBE(at, 3);
      if (length > usualFrameSize) throw new RangeError(`a frame of ${length} bytes`);
      const end = at + headLength + length;
      if (end > bytes.length) break;
      onFrame({
        type: bytes[at + 3] ?? 0,
        flags: bytes[at + 4] ?? 0,
        stream: bytes.readUInt32BE(at + 5) & largestWindow,
        payload: bytes.subarray(at + headLength, end),
      });
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
