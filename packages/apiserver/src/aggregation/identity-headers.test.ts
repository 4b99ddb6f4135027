import { expect, it } from 'vitest';
import { identityHeaders } from './identity-headers.js';

it('names the user, each group and each extra', () => {
  const extra = { 'example.org/Scopes': ['a', 'b'] };
  expect(identityHeaders({ name: 'jürgen', uid: '7', groups: ['a, b', 'c'], extra })).toEqual([
    ['x-remote-user', 'jÃ¼rgen'],
    ['x-remote-uid', '7'],
    ['x-remote-group', 'a, b'],
    ['x-remote-group', 'c'],
    ['x-remote-extra-example.org%2Fscopes', 'a'],
    ['x-remote-extra-example.org%2Fscopes', 'b'],
  ]);
  expect(() => identityHeaders({ name: 'a\r\nx-remote-group: system:masters', groups: [] })).toThrow(
    'does not fit into a header',
  );
});
