import { defineKind, type ObjectOf } from '@kubewright/api';
import { Type } from 'typebox';

/** What can be connected to in the aggregated server of the tests, as to a pod. */
export const Terminal = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Terminal',
  schema: Type.Object({}),
  subresources: { own: { exec: { connect: true } } },
});
export type Terminal = ObjectOf<typeof Terminal>;
