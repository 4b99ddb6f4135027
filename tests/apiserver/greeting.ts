import { defineKind, type ObjectOf } from '@kubewright/api';
import { Type } from 'typebox';

/** What the aggregated server of the tests serves. */
export const Greeting = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Greeting',
  schema: Type.Object({ spec: Type.Object({ word: Type.String() }) }),
});
export type Greeting = ObjectOf<typeof Greeting>;
