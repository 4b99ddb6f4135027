import protobuf, { type Reader, type Writer } from 'protobufjs/minimal.js';

/** A message as data: its fields by name, each with number and type. Fields that are not named are read past. */
export interface Layout {
  readonly [field: string]: readonly [number: number, type: FieldType, repeated?: 'repeated'];
}

/** `int` is any integer that a number holds (int32, int64, an enum). */
type FieldType = 'bytes' | 'string' | 'int' | 'bool' | Layout;

/** What a message of a layout is in TypeScript. Absent fields are those of the value zero. */
export type MessageOf<L extends Layout> = {
  readonly [K in keyof L]?: L[K] extends readonly [number, infer T, 'repeated']
    ? readonly ValueOf<T>[]
    : L[K] extends readonly [number, infer T]
      ? ValueOf<T>
      : never;
};

type ValueOf<T> = T extends 'bytes'
  ? Buffer
  : T extends 'string'
    ? string
    : T extends 'int'
      ? number
      : T extends 'bool'
        ? boolean
        : T extends Layout
          ? MessageOf<T>
          : never;

/** Writes and reads messages of one layout. */
export interface MessageCodec<T> {
  encode(message: T): Buffer;
  /** Byte fields are views into `bytes`. @throws RangeError where it is cut off */
  decode(bytes: Uint8Array): T;
}

export function messageCodec<L extends Layout>(layout: L): MessageCodec<MessageOf<L>> {
  const decoder = decoderOf(layout);
  return {
    encode: (message) => {
      const writer = protobuf.Writer.create();
      write(layout, message, writer);
      const bytes = writer.finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes) => decoder(protobuf.Reader.create(bytes)) as MessageOf<L>,
  };
}

function write(layout: Layout, message: Readonly<Record<string, unknown>>, writer: Writer): void {
  for (const field in layout) {
    const value = message[field];
    if (value === undefined) continue;
    const [number, type, repeated] = layout[field] as Layout[string];
    for (const each of repeated ? (value as readonly unknown[]) : [value]) {
      writer.uint32((number << 3) | (type === 'int' || type === 'bool' ? 0 : 2));
      if (type === 'int') writer.int64(each as number);
      else if (type === 'bool') writer.bool(each as boolean);
      else if (type === 'string') writer.string(each as string);
      else if (type === 'bytes') writer.bytes(each as Buffer);
      else {
        writer.fork();
        write(type, each as Readonly<Record<string, unknown>>, writer);
        writer.ldelim();
      }
    }
  }
}

type Decoder = (reader: Reader) => Record<string, unknown>;

const decoders = new WeakMap<Layout, Decoder>();

function decoderOf(layout: Layout): Decoder {
  let decoder = decoders.get(layout);
  if (decoder === undefined) {
    decoder = makeDecoder(layout);
    decoders.set(layout, decoder);
  }
  return decoder;
}

function makeDecoder(layout: Layout): Decoder {
  const byNumber = new Map<number, { name: string; repeated: boolean; read: (reader: Reader) => unknown }>();
  for (const [name, [number, type, repeated]] of Object.entries(layout))
    byNumber.set(number, { name, repeated: repeated !== undefined, read: readerOf(type) });
  return (reader) => {
    const message: Record<string, unknown> = {};
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = byNumber.get(tag >>> 3);
      if (field === undefined) {
        reader.skipType(tag & 7);
        continue;
      }
      const value = field.read(reader);
      if (field.repeated) {
        message[field.name] ??= [];
        (message[field.name] as unknown[]).push(value);
      } else message[field.name] = value;
    }
    return message;
  };
}

function readerOf(type: FieldType): (reader: Reader) => unknown {
  switch (type) {
    case 'int':
      return integer;
    case 'bool':
      return (reader) => reader.bool();
    case 'string':
      return (reader) => reader.string();
    case 'bytes':
      return (reader) => {
        const bytes = reader.bytes();
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      };
    default: {
      const decode = decoderOf(type);
      return (reader) => decode(protobuf.Reader.create(reader.bytes()));
    }
  }
}

/** A varint as a number; those beyond 2^53, which no field that is read here has, lose their last bits. */
function integer(reader: Reader): number {
  const start = reader.pos;
  reader.skip();
  let value = 0;
  for (let at = reader.pos - 1; at >= start; at--) value = value * 128 + ((reader.buf[at] ?? 0) & 0x7f);
  return value;
}
