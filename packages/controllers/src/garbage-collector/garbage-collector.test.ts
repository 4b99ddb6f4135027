import { ConfigMap } from '@kubewright/api/core/v1';
import type { OwnerReference } from '@kubewright/api/meta/v1';
import { describe, expect, it } from 'vitest';
import { judge, type OwnerState } from './owner-classes.js';
import { type GraphNode, nodeOf, OwnershipGraph } from './ownership-graph.js';

const reference = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  ...more,
});
const node = (
  uid: string,
  owners: readonly OwnerReference[] = [],
  { finalizers, namespace = 'default' }: { finalizers?: string[]; namespace?: string } = {},
): GraphNode =>
  nodeOf(ConfigMap, {
    metadata: {
      name: uid,
      uid,
      namespace,
      ownerReferences: [...owners],
      ...(finalizers === undefined ? {} : { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
  });

describe('the verdict over an object', () => {
  const none = { foreground: false, orphan: false };
  it.each<[readonly OwnerState[], string]>([
    [[], 'keep'],
    [['solid'], 'keep'],
    [['solid', 'absent'], 'release'],
    [['solid', 'waiting'], 'release'],
    [['absent'], 'delete'],
    [['waiting'], 'delete'],
    [['absent', 'waiting'], 'delete'],
  ])('with owners that are %j is %s', (states, type) => {
    const owners = states.map((state, index) => ({ reference: reference(`${index}`), state }));
    expect(judge(owners, none, []).type).toBe(type);
  });

  it('passes on how the object is to be deleted', () => {
    const absent = [{ reference: reference('a'), state: 'absent' as const }];
    expect(judge(absent, none, [])).toMatchObject({ propagation: 'Background' });
    expect(judge(absent, { ...none, foreground: true }, [])).toMatchObject({ propagation: 'Foreground' });
    expect(judge(absent, { ...none, orphan: true }, [])).toMatchObject({ propagation: 'Orphan' });
    const waiting = [{ reference: reference('a'), state: 'waiting' as const }];
    expect(judge(waiting, none, [node('c')])).toMatchObject({ propagation: 'Foreground', unblock: false });
    const circle = node('c', [], { finalizers: ['foregroundDeletion'] });
    expect(judge(waiting, none, [circle])).toMatchObject({ propagation: 'Foreground', unblock: true });
  });
});

describe('the graph of owners', () => {
  it('tells whom to look at', () => {
    const graph = new OwnershipGraph();
    expect([...graph.put(node('owner'))]).toEqual([]);
    expect([...graph.put(node('child', [reference('owner')]))]).toEqual([]);
    expect([...graph.put(node('stray', [reference('unknown')]))]).toEqual(['stray']);
    expect([...graph.put(node('abroad', [reference('owner')], { namespace: 'other' }))]).toEqual(['abroad']);
    const waiting = node('owner', [], { finalizers: ['foregroundDeletion'] });
    expect([...graph.put(waiting)]).toEqual(['owner']);
    expect([...graph.put(node('child', []))]).toEqual(['owner']);
    graph.put(node('child', [reference('owner')]));
    expect([...graph.remove('owner')].sort()).toEqual(['abroad', 'child']);
    expect([...graph.remove('child')]).toEqual(['owner']);
  });
});
