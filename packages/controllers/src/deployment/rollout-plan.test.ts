import type { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { describe, expect, it } from 'vitest';
import { isComplete } from './deployment-status.js';
import { podTemplateHash } from './pod-template-hash.js';
import { replicaSet, rolling } from './replica-set.test.fixture.js';
import { sameTemplate } from './replica-sets.js';
import { planRollout } from './rollout-plan.js';

const now = 1_700_000_000_000;
const revisioned = (base: ReplicaSet, revision: number): ReplicaSet => ({
  ...base,
  metadata: {
    ...base.metadata,
    annotations: { ...base.metadata.annotations, 'deployment.kubernetes.io/revision': `${revision}` },
  },
});
const plan = (
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  oldPodsRun = false,
) => planRollout({ deployment, revisions: { current, old }, oldPodsRun, now });
const recreate = (): Deployment => {
  const deployment = rolling(3, 1, 0);
  return { ...deployment, spec: { ...deployment.spec!, strategy: { type: 'Recreate' } } };
};

describe('the plan of a rollout', () => {
  it('creates a ReplicaSet with a name, a revision and the template with its hash', () => {
    const { create } = plan(rolling(3, 1, 0), undefined, []);
    const hash = create?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(create).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        labels: { app: 'web' },
        annotations: {
          'deployment.kubernetes.io/revision': '1',
          'deployment.kubernetes.io/desired-replicas': '3',
          'deployment.kubernetes.io/max-replicas': '4',
        },
        ownerReferences: [{ kind: 'Deployment', uid: 'web', controller: true, blockOwnerDeletion: true }],
      },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
        template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
      },
    });
    expect(sameTemplate(create?.spec?.template, rolling(3, 1, 0).spec?.template)).toBe(true);
  });

  it('notes the former revision of a ReplicaSet that is taken up again', () => {
    const current = revisioned(replicaSet('a', 0), 1);
    const [first] = plan(rolling(3, 1, 0), current, [revisioned(replicaSet('b', 3), 2)]).update;
    expect(first?.after.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
    expect(first?.after.spec?.replicas).toBe(1);
  });

  it('of a paused Deployment changes sizes only, and says that it is paused', () => {
    const base = rolling(3, 1, 0);
    const deployment = { ...base, spec: { ...base.spec!, paused: true, progressDeadlineSeconds: 600 } };
    const made = plan(deployment, undefined, [revisioned(replicaSet('a', 2), 1)]);
    expect(made.create).toBeUndefined();
    expect(made.update.map(({ after }) => after.spec?.replicas)).toEqual([3]);
    expect(made.conditions).toMatchObject([
      { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
    ]);
  });

  it('for Recreate takes all old pods away, waits until they are gone, and then makes new ones', () => {
    const old = revisioned(replicaSet('a', 3), 1);
    expect(plan(recreate(), undefined, [old]).update.map(({ after }) => after.spec?.replicas)).toEqual([0]);
    const empty = revisioned(replicaSet('a', 0), 1);
    const waiting = plan(recreate(), undefined, [empty], true);
    expect([waiting.create, waiting.update]).toEqual([undefined, []]);
    expect(plan(recreate(), undefined, [empty]).create?.spec?.replicas).toBe(3);
  });

  it('removes old ReplicaSets beyond the limit when it is complete, but none that has pods', () => {
    const base = rolling(1, 1, 0);
    const status = { updatedReplicas: 1, replicas: 1, availableReplicas: 1, observedGeneration: 1 };
    const deployment: Deployment = { ...base, spec: { ...base.spec!, revisionHistoryLimit: 1 }, status };
    expect(isComplete(deployment, status)).toBe(true);
    const current = revisioned(replicaSet('d', 1), 4);
    const old = [
      revisioned(replicaSet('b', 0), 2),
      revisioned(replicaSet('a', 0), 1),
      revisioned(replicaSet('c', 0), 3),
    ];
    const names = (made: { readonly remove: readonly ReplicaSet[] }) =>
      made.remove.map(({ metadata }) => metadata.name);
    expect(names(plan(deployment, current, old))).toEqual(['a', 'b']);
    const busy = { ...old[1]!, status: { replicas: 1 } };
    expect(names(plan(deployment, current, [old[0]!, busy, old[2]!]))).toEqual(['b']);
  });
});

describe('the hash of a template', () => {
  it('depends on the content, not on the order of fields, and on the collisions', () => {
    const a = { metadata: { labels: { a: '1', b: '2' } }, spec: { containers: [] } };
    const b = { spec: { containers: [] }, metadata: { labels: { b: '2', a: '1' } } };
    expect(podTemplateHash(a, undefined)).toBe(podTemplateHash(b, undefined));
    expect(podTemplateHash(a, undefined)).not.toBe(podTemplateHash(a, 1));
    expect(podTemplateHash(a, undefined)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });
});
