import type { KubernetesObject } from '@kubewright/api';
import type { PodShape } from './check.js';

interface Template {
  readonly spec?: {
    readonly template?: PodShape;
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodShape } };
  };
  readonly template?: PodShape;
}

const inSpec = ({ spec }: Template) => spec?.template;

/** Where the kinds that make pods have the pod, by group and resource. */
const templates: Readonly<Record<string, (object: Template) => PodShape | undefined>> = {
  '/replicationcontrollers': inSpec,
  '/podtemplates': ({ template }) => template,
  'apps/replicasets': inSpec,
  'apps/deployments': inSpec,
  'apps/statefulsets': inSpec,
  'apps/daemonsets': inSpec,
  'batch/jobs': inSpec,
  'batch/cronjobs': ({ spec }) => spec?.jobTemplate?.spec?.template,
};

type Resource = { readonly group: string; readonly plural: string };

/** Whether objects of the resource make pods. */
export function makesPods({ group, plural }: Resource): boolean {
  return Object.hasOwn(templates, `${group}/${plural}`);
}

/** The pod that an object makes; undefined where it has no template. */
export function podOf({ group, plural }: Resource, object: KubernetesObject): PodShape | undefined {
  const pod = templates[`${group}/${plural}`]?.(object as Template);
  return pod?.spec === undefined ? undefined : pod;
}
