// Made by `kubewright generate client`. Do not edit: make it anew.
import type { Kind, KubernetesObject } from '@kubewright/api';
import type { ListMeta, ObjectMeta } from '@kubewright/api/meta/v1';
import { definitions } from '../schemas.js';

/** Runs an image at certain times. */
export interface CronTab extends KubernetesObject {
  apiVersion?: 'stable.example.com/v1';
  kind?: 'CronTab';
  metadata: ObjectMeta;
  /** What is wanted. */
  spec: {
    /**
     * When, as five fields.
     * A comment may end *\/ anywhere.
     */
    cronSpec: string;
    image?: string | undefined;
    replicas?: number | undefined;
    concurrency?: 'Allow' | 'Forbid' | 'it\'s' | undefined;
    port?: number | string | undefined;
    'x-odd name'?: boolean | null | undefined;
    labels?: Record<string, string> | undefined;
    steps?: Array<{
      name: string;
      run?: string[] | undefined;
    }> | undefined;
    template?: Record<string, unknown> | undefined;
  };
  status?: {
    replicas?: number | undefined;
    selector?: string | undefined;
    lastRun?: string | undefined;
  } | undefined;
}

export interface CronTabList {
  apiVersion?: 'stable.example.com/v1' | undefined;
  kind?: 'CronTabList' | undefined;
  metadata?: ListMeta | undefined;
  items: CronTab[];
}

export const CronTab: Kind<CronTab> = {
  group: 'stable.example.com',
  version: 'v1',
  apiVersion: 'stable.example.com/v1',
  kind: 'CronTab',
  plural: 'crontabs',
  singular: 'crontab',
  listKind: 'CronTabList',
  scope: 'Namespaced',
  verbs: ["delete","deletecollection","get","list","patch","create","update","watch"],
  subresources: {"status":{"group":"stable.example.com","version":"v1","kind":"CronTab","verbs":["get","patch","update"]},"scale":{"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get","patch","update"]}},
  scalePaths: {"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"},
  shortNames: ["ct"],
  categories: ["all"],
  selectableFields: ["spec.image"],
  schema: /* @__PURE__ */ definitions.source('com.example.stable.v1.CronTab'),
};
