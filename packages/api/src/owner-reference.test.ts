import { describe, expect, it } from 'vitest';
import { ReplicaSet } from './generated/apps/v1.js';
import { controllerOf, isControlledBy, ownerReference } from './owner-reference.js';

describe('owner references', () => {
  const owner = { metadata: { name: 'web-1', uid: 'u1' } };

  it('name the controller among the owners', () => {
    const pod = {
      metadata: {
        ownerReferences: [
          ownerReference(ReplicaSet, { metadata: { name: 'x', uid: 'u0' } }, false),
          ownerReference(ReplicaSet, owner, true),
        ],
      },
    };
    expect(controllerOf(pod)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'web-1',
      uid: 'u1',
      controller: true,
      blockOwnerDeletion: true,
    });
    expect(isControlledBy(pod, owner)).toBe(true);
    expect(isControlledBy(pod, { metadata: { uid: 'u0' } })).toBe(false);
    expect(isControlledBy({ metadata: {} }, { metadata: {} })).toBe(false);
  });

  it('refuse owners that were never stored', () => {
    expect(() => ownerReference(ReplicaSet, { metadata: { name: 'web' } }, true)).toThrow(TypeError);
  });
});
