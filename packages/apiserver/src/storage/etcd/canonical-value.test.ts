import { expect, test } from 'vitest';
import { encodeProtobuf } from '../../encoding/protobuf.js';
import { canonicalValue } from './canonical-value.js';

const canonical = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"u"},"data":{"k":"v"}}';

test('values of our own stay the bytes that they are', () => {
  const value = Buffer.from(canonical);
  expect(canonicalValue(value)).toBe(value);
});

test("kube-apiserver's JSON is put in order", () => {
  const value = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","uid":"u"},"data":{"k":"v"}}\n';
  expect(canonicalValue(Buffer.from(value)).toString()).toBe(canonical);
});

test("kube-apiserver's protobuf becomes JSON", () => {
  expect(canonicalValue(Buffer.from(encodeProtobuf(JSON.parse(canonical)))).toString()).toBe(canonical);
});

test('what is encrypted, or no object, is left alone', () => {
  for (const text of ['k8s:enc:aesgcm:v1:key1:…', '10', '{"i":1}', '']) {
    const value = Buffer.from(text);
    expect(canonicalValue(value)).toBe(value);
  }
});
