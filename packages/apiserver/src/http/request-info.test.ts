import { expect, test } from 'vitest';
import { parseRequestInfo } from './request-info.js';

test.each([
  ['GET', '/api/v1/pods', { verb: 'list', resource: 'pods', namespace: '' }],
  ['GET', '/api/v1/namespaces/a/pods?watch=true', { verb: 'watch', resource: 'pods', namespace: 'a' }],
  ['GET', '/api/v1/watch/namespaces/a/pods', { verb: 'watch', resource: 'pods', namespace: 'a' }],
  ['GET', '/api/v1/namespaces/a', { verb: 'get', resource: 'namespaces', name: 'a', namespace: 'a' }],
  [
    'PUT',
    '/api/v1/namespaces/a/finalize',
    { verb: 'update', resource: 'namespaces', subresource: 'finalize' },
  ],
  [
    'PATCH',
    '/apis/apps/v1/namespaces/a/deployments/d/scale',
    { group: 'apps', name: 'd', subresource: 'scale' },
  ],
  ['DELETE', '/apis/apps/v1/namespaces/a/deployments', { verb: 'deletecollection', resource: 'deployments' }],
  [
    'POST',
    '/api/v1/namespaces/a/pods/p/proxy/x/y',
    { verb: 'create', subresource: 'proxy', rest: ['x', 'y'] },
  ],
  // As kube-apiserver reads it: what there is not is forbidden before it is not found.
  ['GET', '/api/v1//pods', { verb: 'get', resource: '', name: 'pods' }],
  ['GET', '/api/v1/nodes/a%2Fb', { verb: 'get', resource: 'nodes', name: 'a/b' }],
])('%s %s', (method, url, expected) => {
  expect(parseRequestInfo(method, url)).toMatchObject({ isResource: true, ...expected });
});

test.each(['/', '/api', '/api/v1', '/apis/apps/v1', '/healthz/ping', '/openapi/v3/apis/apps/v1'])(
  '%s is no resource',
  (path) => {
    expect(parseRequestInfo('GET', path)).toMatchObject({ isResource: false, verb: 'get', resource: '' });
  },
);

test('a path that is no percent-encoding is refused', () => {
  expect(() => parseRequestInfo('GET', '/api/v1/nodes/%zz')).toThrow('percent-encoding');
});
