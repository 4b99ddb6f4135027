import { definitions } from '@kubewright/api/schemas';
import { createNormaliser, type Normaliser } from './normalise.js';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
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
    { root: definitions.get(objectMeta), name: objectMeta, resolve: (name) => definitions.get(name) },
    'v1.ObjectMeta',
  );
  const { object, unknownFields } = normaliser((metadata ?? {}) as Record<string, unknown>);
  return { metadata: object, unknownFields: unknownFields.map((field) => `metadata.${field}`) };
}
