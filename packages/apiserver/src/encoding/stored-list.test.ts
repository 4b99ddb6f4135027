import type { KubernetesObject } from '@kubewright/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storedBytes } from './object-bytes.js';
import { storedList } from './stored-list.js';

test('a list of any objects is the JSON of its items with their versions', () => {
  const object = fc.record({
    metadata: fc.dictionary(fc.constantFrom('name', 'uid'), fc.string()),
    // Some objects are larger than a piece.
    data: fc.oneof(
      fc.string(),
      fc.nat(3).map((n) => 'é'.repeat(n * 60_000)),
    ),
  });
  fc.assert(
    fc.property(fc.array(object, { maxLength: 20 }), (objects) => {
      const entries = objects.map((one, index) => ({
        bytes: storedBytes({ apiVersion: 'v1', kind: 'Map', ...one } as KubernetesObject),
        revision: 10 ** index,
      }));
      const pieces = [...storedList('{"kind":"MapList","metadata":{}}', entries)];
      expect(JSON.parse(Buffer.concat(pieces).toString())).toEqual({
        kind: 'MapList',
        metadata: {},
        items: objects.map(({ metadata, data }, index) => ({
          metadata: { resourceVersion: String(10 ** index), ...metadata },
          data,
        })),
      });
    }),
  );
});
