import { decodeJson, encodeJson } from '@kubewright/api';
import protobuf, { type Reader, type Writer } from 'protobufjs/minimal.js';
import { isObject, type JsonObject, own } from '../patch/json-object.js';

/** How a message whose JSON form is no object of its fields is read and written. `payload` is the message's own bytes. */
export interface Form {
  /** Undefined where JSON has null and typed JSON leaves the member out. */
  decode(payload: Uint8Array, decoder: NestedDecoder): unknown;
  encode(value: unknown, writer: Writer, encodeMessage: MessageEncoder): void;
}

/** Writes an ordinary message. */
export type MessageEncoder = (name: string, value: JsonObject, writer: Writer) => void;

/** What forms that nest need of the decoder. */
export interface NestedDecoder {
  /** An ordinary message. */
  decodeMessage(name: string, payload: Uint8Array): JsonObject;
  /** An object in its envelope. */
  decodeEnvelope(bytes: Uint8Array): JsonObject;
}

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const apiextensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1';
const jsonSchemaProps = `${apiextensions}.JSONSchemaProps`;

/** The first bytes of every enveloped object. */
export const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

export function isEnvelope(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** Seconds and nanoseconds to RFC 3339; the zero time, which has no fields, is null in JSON. */
function time(digits: 0 | 6): Form {
  return {
    decode(payload) {
      if (payload.length === 0) return undefined;
      const fields = scalars(payload);
      const seconds = Number(fields.get(1) ?? 0);
      const date = new Date(seconds * 1000);
      const year = date.getUTCFullYear();
      if (Number.isNaN(year) || year < 1 || year > 9999)
        throw new RangeError(`a time of ${seconds} seconds is out of range`);
      const micros = Math.trunc(Number(fields.get(2) ?? 0) / 1000);
      const fraction = digits === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
      return `${date.toISOString().slice(0, 19)}${fraction}Z`;
    },
    encode(value, writer) {
      if (typeof value !== 'string') return;
      const milliseconds = Date.parse(value);
      if (Number.isNaN(milliseconds)) throw new RangeError(`${JSON.stringify(value)} is no time`);
      // JSON keeps microseconds of a MicroTime, seconds of a Time.
      const fraction = digits === 0 ? '' : (/\.(\d+)/.exec(value)?.[1] ?? '');
      const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
      writer
        .uint32(0x08)
        .int64(Math.floor(milliseconds / 1000))
        .uint32(0x10)
        .int32(micros * 1000);
    },
  };
}

const quantity: Form = {
  decode: (payload) => text(scalars(payload).get(1)) || '0',
  encode(value, writer) {
    writer.uint32(0x0a).string(typeof value === 'string' ? value : String(value));
  },
};

const intOrString: Form = {
  decode(payload) {
    const fields = scalars(payload);
    return Number(fields.get(1) ?? 0) === 1 ? text(fields.get(3)) : Number(fields.get(2) ?? 0);
  },
  encode(value, writer) {
    const number = typeof value === 'number' ? value : 0;
    writer.uint32(0x08).int64(typeof value === 'number' ? 0 : 1);
    writer.uint32(0x10).int32(number);
    writer.uint32(0x1a).string(typeof value === 'number' ? '' : String(value));
  },
};

/** Any JSON, as its text. */
const rawJson: Form = {
  decode(payload) {
    const raw = bytes(scalars(payload).get(1));
    return raw.length === 0 ? undefined : decodeJson(raw).value;
  },
  encode(value, writer) {
    writer.uint32(0x0a).bytes(Buffer.from(encodeJson(value)));
  },
};

/** An object of any kind: JSON, or protobuf in its envelope. */
const rawExtension: Form = {
  decode(payload, decoder) {
    const raw = bytes(scalars(payload).get(1));
    if (raw.length === 0) return undefined;
    return isEnvelope(raw) ? decoder.decodeEnvelope(raw) : decodeJson(raw).value;
  },
  encode: rawJson.encode,
};

/** A list that is a message of its own, since protobuf has no map of lists. */
const stringList: Form = {
  decode: (payload) => repeated(payload, 1).map(text),
  encode(value, writer) {
    for (const item of Array.isArray(value) ? value : []) writer.uint32(0x0a).string(String(item));
  },
};

const schemaOrArray: Form = {
  decode(payload, decoder) {
    const [schema] = repeated(payload, 1);
    if (schema !== undefined) return decoder.decodeMessage(jsonSchemaProps, bytes(schema));
    return repeated(payload, 2).map((item) => decoder.decodeMessage(jsonSchemaProps, bytes(item)));
  },
  encode(value, writer, encodeMessage) {
    if (isObject(value)) nested(writer, 1, value, encodeMessage);
    for (const item of Array.isArray(value) ? value : [])
      if (isObject(item)) nested(writer, 2, item, encodeMessage);
  },
};

const schemaOrBool: Form = {
  decode(payload, decoder) {
    const [schema] = repeated(payload, 2);
    if (schema !== undefined) return decoder.decodeMessage(jsonSchemaProps, bytes(schema));
    return Number(scalars(payload).get(1) ?? 0) !== 0;
  },
  encode(value, writer, encodeMessage) {
    writer.uint32(0x08).bool(isObject(value) || value === true);
    if (isObject(value)) nested(writer, 2, value, encodeMessage);
  },
};

const schemaOrStrings: Form = {
  decode(payload, decoder) {
    const [schema] = repeated(payload, 1);
    if (schema !== undefined) return decoder.decodeMessage(jsonSchemaProps, bytes(schema));
    return repeated(payload, 2).map(text);
  },
  encode(value, writer, encodeMessage) {
    if (isObject(value)) nested(writer, 1, value, encodeMessage);
    for (const item of Array.isArray(value) ? value : []) writer.uint32(0x12).string(String(item));
  },
};

/** The messages with a JSON form of their own. */
export const forms: ReadonlyMap<string, Form> = new Map([
  [`${meta}.Time`, time(0)],
  [`${meta}.MicroTime`, time(6)],
  [`${meta}.FieldsV1`, rawJson],
  [`${meta}.Verbs`, stringList],
  ['k8s.io.apimachinery.pkg.api.resource.Quantity', quantity],
  ['k8s.io.apimachinery.pkg.util.intstr.IntOrString', intOrString],
  ['k8s.io.apimachinery.pkg.runtime.RawExtension', rawExtension],
  ['k8s.io.api.authentication.v1.ExtraValue', stringList],
  ['k8s.io.api.authorization.v1.ExtraValue', stringList],
  ['k8s.io.api.certificates.v1.ExtraValue', stringList],
  [`${apiextensions}.JSON`, rawJson],
  [`${apiextensions}.JSONSchemaPropsOrArray`, schemaOrArray],
  [`${apiextensions}.JSONSchemaPropsOrBool`, schemaOrBool],
  [`${apiextensions}.JSONSchemaPropsOrStringArray`, schemaOrStrings],
]);

function nested(writer: Writer, number: number, value: JsonObject, encodeMessage: MessageEncoder): void {
  writer.uint32((number << 3) | 2).fork();
  encodeMessage(jsonSchemaProps, value, writer);
  writer.ldelim();
}

type Raw = number | bigint | Uint8Array;

/** The last value of each field. */
function scalars(payload: Uint8Array): Map<number, Raw> {
  const found = new Map<number, Raw>();
  readFields(payload, (number, value) => found.set(number, value));
  return found;
}

function repeated(payload: Uint8Array, number: number): Raw[] {
  const found: Raw[] = [];
  readFields(payload, (one, value) => {
    if (one === number) found.push(value);
  });
  return found;
}

function readFields(payload: Uint8Array, take: (number: number, value: Raw) => void): void {
  const reader = protobuf.Reader.create(payload);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 0) take(tag >>> 3, integer(reader));
    else if ((tag & 7) === 2) take(tag >>> 3, reader.bytes());
    else reader.skipType(tag & 7);
  }
}

/** A 64-bit integer: a bigint where a number would not be exact, as in decoded JSON. The library's own is lossy. */
export function integer(reader: Reader): number | bigint {
  const start = reader.pos;
  reader.skip();
  const { buf, pos: end } = reader;
  if (end - start > 10) throw new RangeError('an integer has more than ten bytes');
  if (end - start <= 7) {
    let value = 0;
    for (let at = end - 1; at >= start; at--) value = value * 128 + ((buf[at] ?? 0) & 0x7f);
    return value;
  }
  let bits = 0n;
  for (let at = end - 1; at >= start; at--) bits = (bits << 7n) | BigInt((buf[at] ?? 0) & 0x7f);
  const value = BigInt.asIntN(64, bits);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function bytes(value: Raw | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function text(value: Raw | undefined): string {
  return Buffer.from(bytes(value)).toString('utf8');
}

/** The object's own member unless it is null. */
export function member(object: JsonObject, key: string): unknown {
  return own(object, key) ?? undefined;
}
