import { describe, expect, it } from 'vitest';
import {
  ApiError,
  alreadyExists,
  conflict,
  forbidden,
  isApiError,
  isConflict,
  isGone,
  isNotFound,
  notFound,
  staleObject,
  statusCodes,
} from './error.js';

const deployments = { group: 'apps', plural: 'deployments' };

describe('ApiError', () => {
  it('becomes the Status that upstream answers', () => {
    expect(notFound(deployments, 'web').toStatus()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'deployments.apps "web" not found',
      reason: 'NotFound',
      details: { name: 'web', group: 'apps', kind: 'deployments' },
      code: 404,
    });
    expect(alreadyExists({ group: '', plural: 'pods' }, 'a').message).toBe('pods "a" already exists');
    expect(forbidden(deployments, 'web', 'no').message).toBe('deployments.apps "web" is forbidden: no');
    expect(conflict(deployments, 'web', staleObject).message).toBe(
      'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  it('comes back from its Status', () => {
    for (const reason of Object.keys(statusCodes) as (keyof typeof statusCodes)[]) {
      const error = ApiError.fromStatus(
        new ApiError(reason, 'why', { details: { retryAfterSeconds: 1 } }).toStatus(),
      );
      expect([error.reason, error.code, error.message, error.details]).toEqual([
        reason,
        statusCodes[reason],
        'why',
        { retryAfterSeconds: 1 },
      ]);
    }
    expect(ApiError.fromStatus({ reason: 'Teapot', code: 418 })).toMatchObject({ reason: '', code: 418 });
  });

  it('is told by its reason', () => {
    expect(isNotFound(notFound(deployments, 'web'))).toBe(true);
    expect(isConflict(notFound(deployments, 'web'))).toBe(false);
    expect(isGone(new ApiError('Expired', 'too old'))).toBe(true);
    expect([isApiError(new Error('x')), isApiError(null), isNotFound(undefined)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
