import { path } from '../validation/field-error.js';

/** The name of a class from before there was a field. */
export const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** What is odd about a class that is named as of old. */
export function classWarnings(annotations: Readonly<Record<string, string>> | undefined): string[] {
  return annotations?.[classAnnotation] === undefined
    ? []
    : [
        `${path('metadata', 'annotations').key(classAnnotation)}: deprecated since v1.8; use "storageClassName" attribute instead`,
      ];
}
