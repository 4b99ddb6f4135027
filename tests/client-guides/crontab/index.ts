// Made by `kubewright generate client`. Do not edit: make it anew.
import type { Kind } from '@kubewright/api';
import * as StableV1 from './stable/v1.js';
import * as StableV1beta1 from './stable/v1beta1.js';

/** Every kind of this folder. */
export const kinds: readonly Kind[] = [
  StableV1.CronTab,
  StableV1beta1.CronTab,
];
