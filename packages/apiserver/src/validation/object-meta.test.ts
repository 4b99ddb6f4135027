import { dns1035LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { ObjectMeta } from '@kubewright/api/meta/v1';
import { describe, expect, test } from 'vitest';
import type { KindRules } from '../kinds/kind-rules.js';
import type { FieldError } from './field-error.js';
import {
  validateMetadata,
  validateMetadataUpdate,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './object-meta.js';

const namespaced = { namespaced: true, validateName: dns1123SubdomainErrors };
const cluster = { namespaced: false, validateName: dns1123SubdomainErrors };
const good: ObjectMeta = { name: 'web', namespace: 'default' };
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function said(errors: FieldError[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u' };

test.each<[string, ObjectMeta, string[]]>([
  ['right', good, []],
  [
    'empty',
    {},
    ['metadata.name: Required value: name or generateName is required', 'metadata.namespace: Required value'],
  ],
  ['in upper case', { ...good, name: 'Web' }, [`metadata.name: Invalid value: "Web": ${subdomain}`]],
  ['generated', { ...good, generateName: 'web-' }, []],
  [
    'badly generated',
    { ...good, generateName: '-web' },
    [`metadata.generateName: Invalid value: "-web": ${subdomain}`],
  ],
  [
    'badly labelled',
    { ...good, labels: { 'a/b/c': 'x', ok: '-' } },
    [
      expect.stringMatching(
        /^metadata.labels: Invalid value: "a\/b\/c": a valid label key must consist of/,
      ) as string,
      expect.stringMatching(
        /^metadata.labels: Invalid value: "-": a valid label must be an empty string or consist/,
      ) as string,
    ],
  ],
  ['annotated in upper case', { ...good, annotations: { 'Example.com/Key': 'x' } }, []],
  [
    'annotated too much',
    { ...good, annotations: { a: 'x'.repeat(256 * 1024) } },
    ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  ],
  [
    'owned by nothing',
    { ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
    [
      'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
      'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
      'metadata.ownerReferences.name: Invalid value: "": must not be empty',
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
  ],
  [
    'controlled twice',
    {
      ...good,
      ownerReferences: [
        { ...owner, controller: true },
        { ...owner, name: 'b', controller: true },
      ],
    },
    [
      expect.stringMatching(
        /Only one reference can have Controller set to true. Found "true" in references for ReplicaSet\/web and ReplicaSet\/b$/,
      ) as string,
    ],
  ],
  [
    'finalized both ways',
    { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
    [
      'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    ],
  ],
])('metadata that is %s is judged as upstream does', (_name, meta, expected) => {
  expect(said(validateObjectMeta(meta, namespaced))).toEqual(expected);
});

test('an object of the cluster has no namespace', () => {
  expect(said(validateObjectMeta(good, cluster))).toEqual([
    'metadata.namespace: Forbidden: not allowed on this type',
  ]);
});

test('a kind may have a stricter rule for names', () => {
  const rules = { namespaced: true, validateName: dns1035LabelErrors };
  expect(validateObjectMeta({ ...good, name: '1web' }, rules)).toHaveLength(1);
  expect(validateObjectMeta({ ...good, generateName: 'web-' }, rules)).toEqual([]);
});

const stored: ObjectMeta = {
  ...good,
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  generation: 2,
};

test.each<[string, ObjectMeta, ObjectMeta, string[]]>([
  ['nothing', stored, stored, []],
  [
    'the resourceVersion',
    { ...stored, resourceVersion: '' },
    stored,
    ['metadata.resourceVersion: Invalid value: "": must be specified for an update'],
  ],
  ['the uid', { ...stored, uid: 'v' }, stored, ['metadata.uid: Invalid value: "v": field is immutable']],
  ['the name', { ...stored, name: 'x' }, stored, ['metadata.name: Invalid value: "x": field is immutable']],
  [
    'the generation, downwards',
    { ...stored, generation: 1 },
    stored,
    ['metadata.generation: Invalid value: 1: must not be decremented'],
  ],
  [
    'the finalizers of a deleted object',
    { ...stored, deletionTimestamp: 't', finalizers: ['a/b', 'a/c'] },
    { ...stored, deletionTimestamp: 't', finalizers: ['a/b'] },
    [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/c"}',
    ],
  ],
])('a change of %s is judged as upstream does', (_name, meta, old, expected) => {
  expect(said(validateObjectMetaUpdate(meta, old))).toEqual(expected);
});

describe('metadata is looked at as often as upstream does', () => {
  const object = (metadata: ObjectMeta): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...stored, ...metadata },
  });
  const label = 'metadata.labels: Invalid value: "-": a valid label must be an empty string';
  const part = 'metadata.finalizers: Invalid value: "-": name part must consist of alphanumeric characters';
  const unqualified = (name: string) =>
    `metadata.finalizers[0]: Invalid value: "${name}": name is neither a standard finalizer name nor is it fully qualified`;
  const beginnings = (errors: FieldError[], expected: readonly string[]) =>
    said(errors).map((one, index) => one.slice(0, expected[index]?.length));

  test.each<[KindRules['metadataChecks'], ObjectMeta, string[], string[]]>([
    [undefined, { finalizers: ['a.b/c', 'orphan'] }, [], []],
    [undefined, { finalizers: ['nope'] }, [unqualified('nope')], [unqualified('nope')]],
    [undefined, { finalizers: ['-'] }, [part, unqualified('-')], [part, unqualified('-')]],
    ['any finalizer', { finalizers: ['nope'] }, [], []],
    ['common', { finalizers: ['nope'] }, [], []],
    ['as new', { finalizers: ['nope'] }, [unqualified('nope')], [unqualified('nope'), unqualified('nope')]],
    [
      'as new afterwards',
      { finalizers: ['-'] },
      [part, unqualified('-')],
      [part, unqualified('-'), part, unqualified('-')],
    ],
    [undefined, { labels: { a: '-' } }, [label], [label, label, label]],
    ['as new', { labels: { a: '-' } }, [label], [label, label, label, label]],
    ['common', { labels: { a: '-' } }, [label], [label, label]],
  ])('with %j: %j', (metadataChecks, metadata, created, updated) => {
    const rules = { kind: ConfigMap, ...(metadataChecks === undefined ? {} : { metadataChecks }) };
    const next = object(metadata);
    expect(beginnings(validateMetadata({ rules }, next), created)).toEqual(created);
    expect(beginnings(validateMetadataUpdate({ rules }, next, object({})), updated)).toEqual(updated);
  });

  test('that of a custom resource is looked at three times when it is updated', () => {
    const rules = { kind: ConfigMap, structural: true };
    const said = validateMetadataUpdate({ rules }, object({ labels: { a: '-' } }), object({}));
    expect(said.map(({ field }) => field)).toEqual(Array(3).fill('metadata.labels'));
  });

  test('that of a custom resource may have finalizers of any name', () => {
    const next = object({ finalizers: ['nope'] });
    expect(validateMetadata({ rules: { kind: ConfigMap, structural: true } }, next)).toEqual([]);
  });
});
