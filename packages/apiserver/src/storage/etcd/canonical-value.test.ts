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

test('a kind that kube-apiserver keeps at a former version becomes the present one', () => {
  const policy = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicyBinding' };
  const stored = { ...policy, metadata: { name: 'a' }, spec: { policyName: 'a' } };
  const bytes = Buffer.from(encodeProtobuf(stored));
  // The same message under the former name.
  const at = bytes.indexOf('admissionregistration.k8s.io/v1');
  const former = Buffer.concat([
    ...[bytes.subarray(0, 4), Buffer.of(0x0a, (bytes[5] ?? 0) + 5), bytes.subarray(6, at - 1)],
    ...[Buffer.of((bytes[at - 1] ?? 0) + 5), Buffer.from('admissionregistration.k8s.io/v1beta1')],
    bytes.subarray(at + policy.apiVersion.length),
  ]);
  expect(JSON.parse(canonicalValue(former).toString())).toEqual(stored);
});

test('a definition of v1beta1 is read as one of v1', () => {
  const names = { plural: 'tabs', singular: 'tab', kind: 'Tab', listKind: 'TabList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  const column = { name: 'Size', type: 'integer' };
  const clientConfig = { url: 'https://convert.example.dev/' };
  const former = {
    kind: 'CustomResourceDefinition',
    apiVersion: 'apiextensions.k8s.io/v1beta1',
    metadata: { name: 'tabs.example.dev' },
    spec: {
      ...{ group: 'example.dev', version: 'v1', names, scope: 'Namespaced', validation: schema },
      subresources: { status: {} },
      versions: [
        { name: 'v1', served: true, storage: true },
        {
          name: 'v2',
          served: true,
          storage: false,
          additionalPrinterColumns: [{ ...column, JSONPath: '.size' }],
        },
      ],
      conversion: {
        strategy: 'Webhook',
        webhookClientConfig: clientConfig,
        conversionReviewVersions: ['v1'],
      },
      preserveUnknownFields: false,
    },
    status: { storedVersions: ['v1'] },
  };
  const shared = { schema, subresources: { status: {} } };
  expect(JSON.parse(canonicalValue(Buffer.from(`${JSON.stringify(former)}\n`)).toString())).toEqual({
    ...former,
    apiVersion: 'apiextensions.k8s.io/v1',
    spec: {
      ...{ group: 'example.dev', names, scope: 'Namespaced' },
      versions: [
        { name: 'v1', served: true, storage: true, ...shared },
        {
          ...{ name: 'v2', served: true, storage: false, ...shared },
          additionalPrinterColumns: [{ ...column, jsonPath: '.size' }],
        },
      ],
      conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } },
    },
  });
});

test('protobuf of a kind that is not known here is left alone', () => {
  const bytes = Buffer.from(encodeProtobuf(JSON.parse(canonical)));
  bytes[bytes.indexOf('ConfigMap')] = 'X'.charCodeAt(0);
  expect(canonicalValue(bytes)).toBe(bytes);
});
