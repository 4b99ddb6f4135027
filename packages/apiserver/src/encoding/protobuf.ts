import { ApiError, badRequest } from '@kubewright/api';
import protobuf, { type Long, type Reader, type Writer } from 'protobufjs/minimal.js';
import { isObject, type JsonObject, put } from '../patch/json-object.js';
import {
  forms,
  integer,
  isEnvelope,
  type MessageEncoder,
  magic,
  member,
  type NestedDecoder,
} from './protobuf-forms.js';
import { type Field, type Message, message, messageOfKind, type Scalar } from './protobuf-layout.js';

export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

/** A body: what the envelope says it is, and the object with `apiVersion` and `kind` first. */
export interface DecodedProtobuf {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: JsonObject;
}

/** True for the kinds that have a protobuf form: the built-in ones, their lists, Status, options. */
export function hasProtobufForm(apiVersion: string, kind: string): boolean {
  return messageOfKind(apiVersion, kind) !== undefined;
}

/**
 * Reads an `application/vnd.kubernetes.protobuf` body: the bytes `k8s\0`, then a `runtime.Unknown` around the
 * object's message. The object is as JSON would have it; unknown fields are dropped, as upstream does.
 * @param asVersion the apiVersion that it counts as, where its own has the same fields
 * @throws ApiError BadRequest for malformed bytes, a missing kind, and one without a protobuf form.
 */
export function decodeProtobuf(body: Uint8Array, asVersion?: string): DecodedProtobuf {
  if (body.length === 0) throw badRequest('empty data');
  if (!isEnvelope(body))
    throw badRequest(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  if (body.length === magic.length) throw badRequest('empty body');
  try {
    return new Decoder().decodeBody(body, asVersion);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // protobufjs reads past the end where Go's readers say so.
    if (error instanceof RangeError) throw badRequest('unexpected EOF');
    throw new ApiError(
      'BadRequest',
      `malformed protobuf: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * What a body says that it is, without reading more of it.
 * @throws ApiError BadRequest for malformed bytes
 */
export function protobufType(body: Uint8Array): { readonly apiVersion: string; readonly kind: string } {
  return readEnvelope(body);
}

/**
 * Writes an object with its `apiVersion` and `kind` as an `application/vnd.kubernetes.protobuf` body. Members that
 * the kind's message does not know are left out.
 * @param version whose message it is, where its apiVersion says nothing
 * @throws ApiError NotAcceptable for a kind without a protobuf form.
 */
export function encodeProtobuf(object: JsonObject, version?: string): Uint8Array {
  const type = messageOf(version === undefined ? object : { ...object, apiVersion: version });
  const raw = protobuf.Writer.create();
  encodeFields(type, object, raw);
  const bytes = raw.finish();
  return Buffer.concat([...envelope(object, bytes.length), bytes, envelopeEnd]);
}

/** A list whose items come one by one. */
export interface ProtobufList {
  add(item: JsonObject): void;
  /** Turns into bytes what has been added since the last time: a step of bounded work. */
  settle(): void;
  /** All of it, in buffers to write one behind the other. */
  end(): Uint8Array[];
}

/**
 * Writes a list of any length; `head` is the list without its items. Nothing of it can be sent before all items are
 * there, since it begins with its length.
 * @throws ApiError NotAcceptable for a kind without a protobuf form.
 */
export function protobufList(head: JsonObject): ProtobufList {
  const type = messageOf(head);
  const field = type.fields.find(({ json }) => json === 'items');
  if (field === undefined) throw new Error(`${type.name} has no items`);
  const settled: Uint8Array[] = [];
  let length = 0;
  const writer = protobuf.Writer.create();
  encodeFields(type, head, writer, (other) => other.number < field.number);
  const settle = (): void => {
    const bytes = writer.finish();
    writer.reset();
    settled.push(bytes);
    length += bytes.length;
  };
  return {
    add: (item) => encodeValue(field, item, writer),
    settle,
    end() {
      encodeFields(type, head, writer, (other) => other.number > field.number);
      settle();
      return [...envelope(head, length), ...settled, envelopeEnd];
    },
  };
}

/** @throws ApiError NotAcceptable */
function messageOf(object: JsonObject): Message {
  const { apiVersion, kind } = identityOf(object);
  const type = messageOfKind(apiVersion, kind);
  if (type === undefined)
    throw new ApiError('NotAcceptable', `object *${kind} of ${apiVersion} has no protobuf form`);
  return type;
}

function identityOf(object: JsonObject): { apiVersion: string; kind: string } {
  return {
    apiVersion: String(member(object, 'apiVersion') ?? ''),
    kind: String(member(object, 'kind') ?? ''),
  };
}

/** What stands before a message of that length. */
function envelope(object: JsonObject, length: number): Uint8Array[] {
  const { apiVersion, kind } = identityOf(object);
  const writer = protobuf.Writer.create();
  writer.uint32(0x0a).fork().uint32(0x0a).string(apiVersion).uint32(0x12).string(kind).ldelim();
  writer.uint32(0x12).uint32(length);
  return [magic, writer.finish()];
}

/** Go writes the content's encoding and type too, which are empty. */
const envelopeEnd = Uint8Array.of(0x1a, 0, 0x22, 0);

/**
 * One frame of a watch in `application/vnd.kubernetes.protobuf;stream=watch`: the length in four bytes, big endian,
 * then a WatchEvent without envelope around the encoded object.
 */
export function encodeProtobufWatchEvent(type: string, object: Uint8Array): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(0x0a).string(type).uint32(0x12).fork().uint32(0x0a).bytes(object).ldelim();
  const event = writer.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

/** Deeper than any kind nests, and far from the stack's end. */
const maxDepth = 200;

function readEnvelope(body: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const envelope = protobuf.Reader.create(body.subarray(magic.length));
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  while (envelope.pos < envelope.len) {
    const tag = envelope.uint32();
    if (tag === 0x0a) {
      const type = protobuf.Reader.create(envelope.bytes());
      while (type.pos < type.len) {
        const typeTag = type.uint32();
        if (typeTag === 0x0a) apiVersion = type.string();
        else if (typeTag === 0x12) kind = type.string();
        else type.skipType(typeTag & 7);
      }
    } else if (tag === 0x12) raw = envelope.bytes();
    else envelope.skipType(tag & 7);
  }
  return { apiVersion, kind, raw };
}

class Decoder implements NestedDecoder {
  #depth = 0;

  decodeBody(body: Uint8Array, asVersion?: string): DecodedProtobuf {
    const { apiVersion: named, kind, raw } = readEnvelope(body);
    const apiVersion = asVersion ?? named;
    if (kind === '') throw badRequest("Object 'Kind' is missing in the protobuf body");
    if (apiVersion === '') throw badRequest("Object 'apiVersion' is missing in the protobuf body");
    const type = messageOfKind(apiVersion, kind);
    if (type === undefined) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`);
    return { apiVersion, kind, object: { apiVersion, kind, ...this.#message(type, raw) } };
  }

  decodeEnvelope(bytes: Uint8Array): JsonObject {
    return this.#nested(() => this.decodeBody(bytes).object);
  }

  decodeMessage(name: string, payload: Uint8Array): JsonObject {
    return this.#message(message(name), payload);
  }

  #message(type: Message, payload: Uint8Array): JsonObject {
    return this.#nested(() => {
      const object: JsonObject = {};
      this.#fields(type, payload, object);
      return object;
    });
  }

  #nested<T>(run: () => T): T {
    if (++this.#depth > maxDepth) throw badRequest('exceeded max depth');
    const result = run();
    this.#depth--;
    return result;
  }

  #fields(type: Message, payload: Uint8Array, object: JsonObject): void {
    const reader = protobuf.Reader.create(payload);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = type.byNumber.get(tag >>> 3);
      if (field === undefined) reader.skipType(tag & 7);
      else this.#field(field, tag & 7, { reader, object });
    }
  }

  #field(field: Field, wire: number, { reader, object }: { reader: Reader; object: JsonObject }): void {
    const { json, type } = field;
    if (json === undefined) {
      expectWire(wire, 2, field);
      const inline = reader.bytes();
      if (typeof type !== 'string') this.#nested(() => this.#fields(type, inline, object));
    } else if (field.shape === 'map') {
      expectWire(wire, 2, field);
      const [key, value] = this.#entry(type, reader.bytes());
      put(mapOf(object, json), key, value);
    } else if (field.shape === 'repeated') {
      const list = listOf(object, json);
      if (wire === 2 && typeof type === 'string' && type !== 'string' && type !== 'bytes') {
        const packed = protobuf.Reader.create(reader.bytes());
        while (packed.pos < packed.len) list.push(scalar(type, packed));
      } else {
        expectWire(wire, wireOf(type), field);
        list.push(this.#value(type, reader) ?? null);
      }
    } else {
      expectWire(wire, wireOf(type), field);
      const value = this.#value(type, reader);
      const shown = typeof type !== 'string' || field.keepsZero || !isZero(value);
      if (value !== undefined && shown) put(object, json, value);
    }
  }

  #entry(type: Scalar | Message, payload: Uint8Array): [key: string, value: unknown] {
    const reader = protobuf.Reader.create(payload);
    let key = '';
    let value: unknown = typeof type === 'string' ? zeroOf(type) : {};
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 0x0a) key = reader.string();
      else if (tag >>> 3 === 2 && (tag & 7) === wireOf(type)) value = this.#value(type, reader) ?? null;
      else reader.skipType(tag & 7);
    }
    return [key, value];
  }

  #value(type: Scalar | Message, reader: Reader): unknown {
    if (typeof type === 'string') return scalar(type, reader);
    const form = forms.get(type.name);
    const payload = reader.bytes();
    return form === undefined ? this.#message(type, payload) : this.#nested(() => form.decode(payload, this));
  }
}

function expectWire(actual: number, expected: number, { number, json }: Field): void {
  if (actual !== expected) throw badRequest(`proto: wrong wireType = ${actual} for field ${json ?? number}`);
}

/** The wire types: 0 varint, 1 eight bytes, 2 length-delimited. */
function wireOf(type: Scalar | Message): number {
  if (type === 'double') return 1;
  return type === 'int32' || type === 'int64' || type === 'bool' ? 0 : 2;
}

function scalar(type: Scalar, reader: Reader): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'int32':
      return reader.int32();
    case 'int64':
      return integer(reader);
    case 'bool':
      return reader.bool();
    case 'double':
      return reader.double();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
  }
}

function zeroOf(type: Scalar): unknown {
  return type === 'string' || type === 'bytes' ? '' : type === 'bool' ? false : 0;
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

function mapOf(object: JsonObject, key: string): JsonObject {
  const known = member(object, key);
  if (isObject(known)) return known;
  const made: JsonObject = {};
  put(object, key, made);
  return made;
}

function listOf(object: JsonObject, key: string): unknown[] {
  const known = member(object, key);
  if (Array.isArray(known)) return known;
  const made: unknown[] = [];
  put(object, key, made);
  return made;
}

const encodeMessage: MessageEncoder = (name, value, writer) => encodeFields(message(name), value, writer);

function encodeFields(
  type: Message,
  object: JsonObject,
  writer: Writer,
  wanted?: (field: Field) => boolean,
): void {
  for (const field of type.fields) {
    if (wanted?.(field) === false) continue;
    if (field.json === undefined) {
      writer.uint32(tagOf(field)).fork();
      if (typeof field.type !== 'string') encodeFields(field.type, object, writer);
      writer.ldelim();
      continue;
    }
    const value = member(object, field.json);
    if (value === undefined) {
      if (field.shape === 'single' && !field.isPointer) encodeZero(field, writer);
      continue;
    }
    if (field.shape === 'repeated') {
      for (const item of Array.isArray(value) ? value : []) encodeValue(field, item, writer);
    } else if (field.shape === 'single') {
      encodeValue(field, value, writer);
    } else if (isObject(value)) {
      // Go sorts the keys.
      for (const key of Object.keys(value).sort()) {
        writer
          .uint32((field.number << 3) | 2)
          .fork()
          .uint32(0x0a)
          .string(key);
        encodeValue({ type: field.type, number: 2 }, value[key], writer);
        writer.ldelim();
      }
    }
  }
}

/** What Go writes for a member that is no pointer and was not set; of bytes nothing. */
function encodeZero(field: Field, writer: Writer): void {
  const { type } = field;
  if (type === 'bytes') return;
  writer.uint32(tagOf(field));
  if (typeof type === 'string') encodeScalar(type, zeroOf(type), writer);
  else writer.bytes(zeroMessage(type));
}

const zeroMessages = new Map<Message, Uint8Array>();

function zeroMessage(type: Message): Uint8Array {
  let bytes = zeroMessages.get(type);
  if (bytes === undefined) {
    const writer = protobuf.Writer.create();
    const form = forms.get(type.name);
    if (form === undefined) encodeFields(type, {}, writer);
    else {
      const zero = form.decode(new Uint8Array(), new Decoder());
      if (zero !== undefined) form.encode(zero, writer, encodeMessage);
    }
    bytes = writer.finish();
    zeroMessages.set(type, bytes);
  }
  return bytes;
}

type Valued = Pick<Field, 'number' | 'type'>;

function tagOf({ number, type }: Valued): number {
  return (number << 3) | wireOf(type);
}

function encodeValue(field: Valued, value: unknown, writer: Writer): void {
  writer.uint32(tagOf(field));
  if (typeof field.type === 'string') {
    encodeScalar(field.type, value, writer);
    return;
  }
  writer.fork();
  const form = forms.get(field.type.name);
  if (form !== undefined) form.encode(value, writer, encodeMessage);
  else if (isObject(value)) encodeFields(field.type, value, writer);
  writer.ldelim();
}

function encodeScalar(type: Scalar, value: unknown, writer: Writer): void {
  switch (type) {
    case 'string':
      writer.string(String(value));
      break;
    case 'int32':
      writer.int32(Number(value));
      break;
    case 'int64':
      writer.int64(typeof value === 'bigint' ? halves(value) : Number(value));
      break;
    case 'bool':
      writer.bool(value === true);
      break;
    case 'double':
      writer.double(Number(value));
      break;
    case 'bytes':
      writer.bytes(Buffer.from(String(value), 'base64'));
      break;
  }
}

/** What the writer takes for an integer that no number holds. */
function halves(value: bigint): Long {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: false };
}
