import { definitions } from '@kubewright/api/schemas';
import { createNormaliser, type Normaliser } from './normalise.js';

let normaliser: Normaliser | undefined;

/**
 * The metadata of any object in its canonical form, and the paths (`metadata.…`) of what no metadata has.
 * @throws ApiError BadRequest for what is none, in Go's words
 */
export function normaliseMetadata(metadata: unknown): {
  readonly metadata: unknown;
  readonly unknownFields: readonly string[];
} {
  // Made once: it is the same for all kinds.
  normaliser ??= createNormaliser(
    {
      root: {
        type: 'object',
        properties: { metadata: { $ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
      },
      resolve: (name) => definitions.get(name),
    },
    'ObjectMeta',
  );
  const { object, unknownFields } = normaliser({ metadata });
  return { metadata: object.metadata ?? {}, unknownFields };
}
