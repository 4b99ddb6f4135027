// Made by `kubewright generate client`. Do not edit: make it anew.
import type { Kind, KubernetesObject } from '@kubewright/api';
import type { ListMeta, ObjectMeta } from '@kubewright/api/meta/v1';
import { definitions } from '../schemas.js';

export interface CronTab extends KubernetesObject {
  apiVersion?: 'stable.example.com/v1beta1';
  kind?: 'CronTab';
  metadata: ObjectMeta;
  spec?: {
    /** The older name of cronSpec. */
    schedule?: string | undefined;
  } | undefined;
}

export interface CronTabList {
  apiVersion?: 'stable.example.com/v1beta1' | undefined;
  kind?: 'CronTabList' | undefined;
  metadata?: ListMeta | undefined;
  items: CronTab[];
}

export const CronTab: Kind<CronTab> = {
  group: 'stable.example.com',
  version: 'v1beta1',
  apiVersion: 'stable.example.com/v1beta1',
  kind: 'CronTab',
  plural: 'crontabs',
  singular: 'crontab',
  listKind: 'CronTabList',
  scope: 'Namespaced',
  verbs: ["delete","deletecollection","get","list","patch","create","update","watch"],
  subresources: {},
  shortNames: ["ct"],
  categories: ["all"],
  selectableFields: [],
  schema: /* @__PURE__ */ definitions.source('com.example.stable.v1beta1.CronTab'),
};
