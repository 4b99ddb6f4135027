import type { Deployment, DeploymentStatus } from '@kubewright/api/apps/v1';
import { describe, expect, it } from 'vitest';
import { deploymentStatus, nextJudgementMs } from './deployment-status.js';
import { replicaSet, rolling } from './replica-set.test.fixture.js';

const now = 1_700_000_600_000;
const at = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

function deployment(status: DeploymentStatus = {}): Deployment {
  const base = rolling(3, 1, 0);
  return { ...base, spec: { ...base.spec!, progressDeadlineSeconds: 600 }, status };
}

function statusOf(before: Deployment, available: number): DeploymentStatus {
  return deploymentStatus({
    deployment: before,
    revisions: { current: replicaSet('new', 3, { available }), old: [] },
    conditions: before.status?.conditions ?? [],
    now,
    judgesProgress: true,
  });
}

const progressing = (updatedMs: number) => ({
  type: 'Progressing',
  status: 'True',
  reason: 'ReplicaSetUpdated',
  lastUpdateTime: at(updatedMs),
  lastTransitionTime: at(updatedMs),
});

describe('the status of a Deployment', () => {
  it('counts, and says that it has succeeded when all is there', () => {
    expect(statusOf(deployment(), 3)).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      conditions: [
        { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: 'ReplicaSet "new" has successfully progressed.',
        },
      ],
    });
    expect(statusOf(deployment(), 3).unavailableReplicas).toBeUndefined();
  });

  it('moves the time of the last progress with each progress only', () => {
    const before = { replicas: 3, updatedReplicas: 3, readyReplicas: 1, availableReplicas: 1 };
    const old = progressing(now - 300_000);
    const more = statusOf(deployment({ ...before, conditions: [old] }), 2);
    expect(more.conditions).toContainEqual(
      expect.objectContaining({
        reason: 'ReplicaSetUpdated',
        message: 'ReplicaSet "new" is progressing.',
        lastUpdateTime: at(now),
        lastTransitionTime: at(now - 300_000),
      }),
    );
    const same = statusOf(deployment({ ...before, conditions: [old] }), 1);
    expect(same.conditions).toContainEqual(old);
    expect(same.unavailableReplicas).toBe(2);
  });

  it('says when the deadline is over, and asks to be looked at then', () => {
    const counts = { replicas: 3, updatedReplicas: 3, readyReplicas: 1, availableReplicas: 1 };
    const waiting = deployment({ ...counts, conditions: [progressing(now - 599_000)] });
    expect(nextJudgementMs(waiting, statusOf(waiting, 1), now)).toBe(2000);
    const late = statusOf(deployment({ ...counts, conditions: [progressing(now - 601_000)] }), 1);
    expect(late.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: 'ReplicaSet "new" has timed out progressing.',
      }),
    );
    expect(nextJudgementMs(deployment(late), late, now)).toBeUndefined();
  });
});
