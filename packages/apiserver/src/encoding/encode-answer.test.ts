import { describe, expect, it } from 'vitest';
import { encodeAnswer, encodeList, encodeWatchEvent } from './encode-answer.js';
import type { ContentType } from './negotiate.js';
import { decodeProtobuf } from './protobuf.js';
import { fromYaml } from './yaml.js';

const protobuf = 'application/vnd.kubernetes.protobuf';
const metadata = { resourceVersion: '7', continue: 'c' };
const head = { kind: 'ConfigMapList', apiVersion: 'v1', metadata };
const item = (index: number, size = 10) => ({
  metadata: { name: `a${index}`, labels: { app: 'no' } },
  data: { text: 'x'.repeat(size), n: '1' },
});
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

function list(type: ContentType, items: readonly object[], pretty = false): Buffer {
  return Buffer.concat([...encodeList({ type, pretty }, JSON.stringify(head), items.map(bytesOf))]);
}

describe('a list', () => {
  for (const count of [0, 1, 3]) {
    const items = Array.from({ length: count }, (_, index) => item(index));
    const whole = { ...head, items };
    it(`of ${count} is the same in every type`, () => {
      expect(JSON.parse(list('application/json', items).toString())).toEqual(whole);
      expect(list('application/json', items, true).toString()).toBe(JSON.stringify(whole, null, 2));
      expect(fromYaml(list('application/yaml', items).toString()).value).toEqual(whole);
      const decoded = decodeProtobuf(list(protobuf, items)).object;
      expect({ items: [], ...decoded }).toEqual(whole);
    });
  }

  it('reads in YAML as Go writes it', () => {
    expect(
      list('application/yaml', [{ metadata: { name: 'a' }, data: { b: 'yes', a: '1' } }]).toString(),
    ).toBe(
      [
        'apiVersion: v1',
        'items:',
        '- data:',
        '    a: "1"',
        '    b: "yes"',
        '  metadata:',
        '    name: a',
        'kind: ConfigMapList',
        'metadata:',
        '  continue: c',
        '  resourceVersion: "7"',
        '',
      ].join('\n'),
    );
  });

  it.each<ContentType>(['application/json', 'application/yaml', protobuf])(
    'comes in pieces as %s',
    (type) => {
      const items = Array.from({ length: 30 }, (_, index) => bytesOf(item(index, 40_000)));
      const pieces = [...encodeList({ type, pretty: false }, JSON.stringify(head), items)];
      expect(pieces.length).toBeGreaterThan(2);
      for (const piece of pieces) expect(piece.length).toBeLessThan(700_000);
    },
  );

  it('of metadata alone has a protobuf form in both versions', () => {
    for (const version of ['v1', 'v1beta1']) {
      const identity = { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata };
      const partial = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}` };
      const items = [{ ...partial, metadata: { name: 'a' } }];
      const pieces = encodeList(
        { type: protobuf, pretty: false },
        JSON.stringify(identity),
        items.map(bytesOf),
      );
      expect(decodeProtobuf(Buffer.concat([...pieces])).object).toEqual({
        ...identity,
        items: [{ metadata: { name: 'a' } }],
      });
    }
  });
});

it('an answer for people has a line for each member', () => {
  expect(encodeAnswer({ type: 'application/json', pretty: true }, '{"kind":"Pod"}')).toBe(
    '{\n  "kind": "Pod"\n}',
  );
});

it('an answer in JSON ends its line', () => {
  const writing = { type: 'application/json', pretty: false } as const;
  for (const json of ['{"a":1}', '{"a":1}\n'])
    for (const given of [json, Buffer.from(json)])
      expect(String(encodeAnswer(writing, given))).toBe('{"a":1}\n');
  expect(encodeAnswer({ ...writing, pretty: true }, '{"a":1}')).toBe('{\n  "a": 1\n}');
});

it('an event is a line of JSON, or a length and a message', () => {
  const object = '{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"a"}}';
  expect(Buffer.from(encodeWatchEvent('application/json', 'ADDED', object)).toString()).toBe(
    `{"type":"ADDED","object":${object}}\n`,
  );
  const frame = Buffer.from(encodeWatchEvent(protobuf, 'ADDED', object));
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  expect(decodeProtobuf(frame.subarray(frame.indexOf('k8s\0'))).object).toMatchObject(JSON.parse(object));
});
