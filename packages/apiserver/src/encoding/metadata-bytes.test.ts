import fc from 'fast-check';
import { expect, test } from 'vitest';
import { metadataBytes } from './metadata-bytes.js';
import { storedBytes } from './object-bytes.js';

test('metadata is cut out of the stored bytes whatever stands in it', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('}', '{', '"', '\\', '\\"', '{"metadata":{', 'é\u2028'));
  const metadata = fc.record(
    {
      name: text,
      annotations: fc.dictionary(text, text),
      ownerReferences: fc.array(fc.record({ name: text })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(metadata, fc.object(), (said, spec) => {
      const stored = storedBytes({ apiVersion: 'v1', kind: 'Pod', metadata: said, spec } as never);
      expect(JSON.parse(metadataBytes(stored, 7, 'meta.k8s.io/v1').toString())).toEqual({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: JSON.parse(JSON.stringify({ resourceVersion: '7', ...said })),
      });
    }),
  );
});
