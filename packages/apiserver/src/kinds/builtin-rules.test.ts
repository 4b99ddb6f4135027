import { builtinKinds } from '@kubewright/api/builtin';
import { expect, test } from 'vitest';
import { builtinRules } from './builtin-rules.js';

test('every built-in kind that can be listed and created has rules, once', () => {
  const ruled = builtinRules.flatMap(({ kind, otherVersions = [] }) => [
    kind,
    ...otherVersions.map((one) => one.kind),
  ]);
  expect(new Set(ruled).size).toBe(ruled.length);
  const stored = builtinKinds.filter(({ verbs }) => verbs.includes('list') && verbs.includes('create'));
  const nameOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }) => `${apiVersion} ${kind}`;
  expect(ruled.map(nameOf).sort()).toEqual(stored.map(nameOf).sort());
});

test('no two kinds share a folder of the store', () => {
  const folders = builtinRules.map(({ storageKey }) => storageKey);
  expect(folders).not.toContain(undefined);
  expect(new Set(folders).size).toBe(folders.length);
  expect(folders).toEqual(
    expect.arrayContaining(['minions', 'services/specs', 'services/endpoints', 'controllers', 'ingress']),
  );
});

test('columns stand for any object of the kind, however little it says beyond what it must', () => {
  for (const { kind, columns = [], otherVersions = [] } of builtinRules) {
    const bare = {
      metadata: { name: 'x' },
      spec: { containers: [], scaleTargetRef: { kind: 'A', name: 'b' }, template: {}, jobTemplate: {} },
      roleRef: {},
      involvedObject: {},
      regarding: {},
    };
    for (const column of [...columns, ...otherVersions.flatMap((version) => version.columns ?? [])])
      expect(() => column.cell(bare as never, 0), `${kind.kind} ${column.name}`).not.toThrow();
    expect(columns.filter(({ format }) => format === 'name').length, kind.kind).toBeGreaterThan(0);
  }
});
