import type { ClusterRole } from '@kubewright/api/rbac/v1';
import { expect, it } from 'vitest';
import { aggregatedRules } from './aggregated-rules.js';

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
const part = (name: string, resource: string, labels: Record<string, string>): ClusterRole => ({
  metadata: { name, labels },
  rules: [rule(resource)],
});
const gathers = (...labels: Record<string, string>[]): ClusterRole => ({
  metadata: { name: 'all', labels: { to: 'view' } },
  aggregationRule: { clusterRoleSelectors: labels.map((matchLabels) => ({ matchLabels })) },
  rules: [rule('own')],
});

it('gathers the rules of selected roles by selector and name, each once, and never its own', () => {
  const all = [
    part('b', 'pods', { to: 'view' }),
    part('a', 'services', { to: 'view' }),
    part('c', 'pods', { to: 'edit' }),
    part('d', 'secrets', { to: 'admin' }),
    gathers({ to: 'view' }),
  ];
  expect(aggregatedRules(gathers({ to: 'edit' }, { to: 'view' }), all)).toEqual([
    rule('pods'),
    rule('services'),
  ]);
});

it('is not for roles without an aggregation rule', () => {
  expect(aggregatedRules(part('a', 'pods', {}), [])).toBeUndefined();
});
