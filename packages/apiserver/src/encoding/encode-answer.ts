import type { JsonObject } from '../patch/json-object.js';
import type { ContentType, MediaType } from './negotiate.js';
import { parseOwnJson } from './own-json.js';
import { prettyJson } from './pretty-json.js';
import { encodeProtobuf, encodeProtobufWatchEvent, protobufList } from './protobuf.js';
import { writeYaml } from './yaml-writer.js';

/** How an answer is written. */
export type Writing = Pick<MediaType, 'type' | 'pretty'>;

/** An answer, which is JSON so far, in the type that was negotiated. @throws ApiError NotAcceptable */
export function encodeAnswer({ type, pretty }: Writing, json: Uint8Array | string): Uint8Array | string {
  switch (type) {
    case 'application/json':
      return pretty ? prettyJson(textOf(json)) : withLineEnd(json);
    case 'application/yaml':
      return writeYaml(parseOwnJson(bytesOf(json)));
    case 'application/vnd.kubernetes.protobuf':
      return encodeProtobuf(decodeObject(json));
  }
}

/** Upstream's encoder ends each document with a line end; who makes many of them has put it there. */
function withLineEnd(json: Uint8Array | string): Uint8Array | string {
  if (typeof json === 'string') return json.endsWith('\n') ? json : `${json}\n`;
  return json.at(-1) === lineEnd[0] ? json : Buffer.concat([json, lineEnd]);
}

const lineEnd = Buffer.from('\n');

/** One event of a watch with what frames it; `object` is JSON. Not for YAML, in which there are no watches. */
export function encodeWatchEvent(type: ContentType, event: string, object: Buffer | string): Uint8Array {
  if (type === 'application/vnd.kubernetes.protobuf')
    return encodeProtobufWatchEvent(event, encodeProtobuf(decodeObject(object)));
  const start = `{"type":"${event}","object":`;
  if (typeof object === 'string') return Buffer.from(`${start}${object}}\n`);
  return Buffer.concat([Buffer.from(start), object, frameEnd]);
}

const frameEnd = Buffer.from('}\n');

/** An event without what sets it apart from the next one, for connections that frame it themselves. */
export function withoutFrame(type: ContentType, frame: Uint8Array): Uint8Array {
  return type === 'application/vnd.kubernetes.protobuf' ? frame.subarray(protobufLengthBytes) : frame;
}

/** What stands before a message of a stream in protobuf. */
const protobufLengthBytes = 4;

/** The bytes that make a piece of items that are only joined, and of items that are parsed and written anew. */
const joinedBytes = 512 * 1024;
const parsedBytes = 48 * 1024;

/**
 * A list in pieces of bounded work, some of which may be empty. `head` is JSON and says all but the items, each of
 * which is JSON too.
 * @throws ApiError NotAcceptable
 */
export function encodeList(writing: Writing, head: string, items: Iterable<Buffer>): Generator<Uint8Array> {
  switch (writing.type) {
    case 'application/json':
      return writing.pretty ? prettyList(head, items) : jsonList(head, items);
    case 'application/yaml':
      return yamlList(head, items);
    case 'application/vnd.kubernetes.protobuf':
      return protobufPieces(head, items);
  }
}

function* jsonList(head: string, items: Iterable<Buffer>): Generator<Uint8Array> {
  const pieces: Uint8Array[] = [Buffer.from(`${head.slice(0, -1)},"items":[`)];
  let length = 0;
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) pieces.push(comma);
    isFirst = false;
    pieces.push(item);
    length += item.length;
    if (length < joinedBytes) continue;
    yield Buffer.concat(pieces.splice(0));
    length = 0;
  }
  pieces.push(closing);
  yield Buffer.concat(pieces);
}

const comma = Buffer.from(',');
const closing = Buffer.from(']}\n');

function* prettyList(head: string, items: Iterable<Buffer>): Generator<Uint8Array> {
  const start = `${prettyJson(head).slice(0, -2)},\n  "items": [`;
  let isFirst = true;
  const texts = yieldingText(items, start, (item) => {
    const text = `${isFirst ? '' : ','}\n    ${prettyJson(item.toString('utf8'), '    ')}`;
    isFirst = false;
    return text;
  });
  yield* texts;
  yield Buffer.from(isFirst ? ']\n}' : '\n  ]\n}');
}

/** Keys in order: `items` stands between `apiVersion` and `kind`. */
function* yamlList(head: string, items: Iterable<Buffer>): Generator<Uint8Array> {
  const { apiVersion, ...rest } = decodeObject(head);
  let isFirst = true;
  const texts = yieldingText(items, writeYaml({ apiVersion }), (item) => {
    const text = `${isFirst ? 'items:\n' : ''}${writeYaml([parseOwnJson(item)])}`;
    isFirst = false;
    return text;
  });
  yield* texts;
  yield Buffer.from(`${isFirst ? 'items: []\n' : ''}${writeYaml(rest)}`);
}

function* yieldingText(
  items: Iterable<Buffer>,
  start: string,
  textOfItem: (item: Buffer) => string,
): Generator<Uint8Array> {
  const texts = [start];
  let length = 0;
  for (const item of items) {
    texts.push(textOfItem(item));
    length += item.length;
    const isFull = length >= parsedBytes;
    // A large object in YAML takes half a millisecond: whoever watches the clock looks at it after each.
    yield isFull ? Buffer.from(texts.splice(0).join('')) : nothing;
    if (isFull) length = 0;
  }
  yield Buffer.from(texts.join(''));
}

function* protobufPieces(head: string, items: Iterable<Buffer>): Generator<Uint8Array> {
  const list = protobufList(decodeObject(head));
  let length = 0;
  for (const item of items) {
    list.add(decodeObject(item));
    length += item.length;
    if (length >= parsedBytes) {
      list.settle();
      length = 0;
    }
    yield nothing;
  }
  const pieces: Uint8Array[] = [];
  for (const part of list.end()) {
    pieces.push(part);
    length += part.length;
    if (length < joinedBytes) continue;
    yield Buffer.concat(pieces.splice(0));
    length = 0;
  }
  yield Buffer.concat(pieces);
}

const nothing = new Uint8Array();

function decodeObject(json: Uint8Array | string): JsonObject {
  return parseOwnJson(bytesOf(json)) as JsonObject;
}

function bytesOf(json: Uint8Array | string): Buffer {
  if (typeof json === 'string') return Buffer.from(json);
  return Buffer.from(json.buffer, json.byteOffset, json.byteLength);
}

function textOf(json: Uint8Array | string): string {
  return typeof json === 'string' ? json : bytesOf(json).toString('utf8');
}
