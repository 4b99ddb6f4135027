import type { KubernetesObject, ValidationRule } from '@kubewright/api';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '@kubewright/api/apiextensions/v1';

/** An object of the kind that {@link crontabs} defines. */
export interface CronTab extends KubernetesObject {
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** The definition of the documentation's page about custom resources, to be changed by each test as it likes. */
export function crontabs(
  version: Partial<CustomResourceDefinitionVersion> = {},
  more: readonly CustomResourceDefinitionVersion[] = [],
): CustomResourceDefinition {
  return {
    metadata: { name: 'crontabs.stable.example.com' },
    spec: {
      group: 'stable.example.com',
      scope: 'Namespaced',
      names: { plural: 'crontabs', kind: 'CronTab', shortNames: ['ct'] },
      versions: [{ name: 'v1', served: true, storage: true, schema: cronTabSchema, ...version }, ...more],
    },
  };
}

export const cronTabSchema = {
  openAPIV3Schema: {
    type: 'object',
    description: 'A cron tab.',
    properties: {
      spec: {
        type: 'object',
        description: 'What is wanted.',
        required: ['cronSpec'],
        properties: {
          cronSpec: {
            type: 'string',
            pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$',
            description: 'When.',
          },
          image: { type: 'string', default: 'busybox' },
          replicas: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
        },
      },
      status: {
        type: 'object',
        properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } },
      },
    },
  },
};

/** A schema whose spec is of these properties and has these rules. */
export function specOf(properties: Record<string, object>, rules: ValidationRule[] = []) {
  const spec = {
    type: 'object',
    properties,
    ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules }),
  };
  return { openAPIV3Schema: { type: 'object', properties: { spec } } } as NonNullable<
    CustomResourceDefinitionVersion['schema']
  >;
}
