import { defineKind, isNotFound, type KubernetesObject, type ObjectOf } from '@kubewright/api';
import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import { kindRules } from '@kubewright/apiserver';
import type { Client } from '@kubewright/client';
import type { Scenario } from '@kubewright/testing';
import { Type } from 'typebox';

/** Wants some ConfigMaps in its namespace, and one Secret in `kube-public`, where no owner reference reaches. */
export const Widget = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  subresources: { status: true },
  schema: Type.Object({
    spec: Type.Object({ parts: Type.Integer({ minimum: 0 }) }),
    status: Type.Optional(
      Type.Object({ phase: Type.Optional(Type.String()), part: Type.Optional(Type.String()) }),
    ),
  }),
});
export type Widget = ObjectOf<typeof Widget>;

export const server = { kinds: [kindRules(Widget)] };

export const finalizer = 'example.dev/secret';

/** The widgets that steps are about. */
export function widgets(client: Client) {
  return client.resource(Widget).namespace('default');
}

/** Undefined for what is gone. */
export function undefinedWhenGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

export async function partsOf(client: Client): Promise<KubernetesObject[]> {
  const { items } = await client.resource(ConfigMap).namespace('default').list({ labelSelector: 'widget' });
  return items;
}

/** A widget that is made and stays. */
export function made(parts: number): NonNullable<Scenario['steps']> {
  return {
    'makes a widget': (client) => widgets(client).create({ metadata: { name: 'a' }, spec: { parts } }),
  };
}

export function hasParts(count: number): NonNullable<Scenario['finally']> {
  return {
    [`the widget has ${count} parts`]: async (client) => {
      const found = (await partsOf(client)).length;
      if (found !== count) throw new Error(`it has ${found}`);
    },
  };
}

export const leavesNoSecret: NonNullable<Scenario['finally']> = {
  'no secret is left of a widget that is gone': async (client) => {
    const [all, secrets] = await Promise.all([
      widgets(client).list(),
      client.resource(Secret).namespace('kube-public').list(),
    ]);
    const names = new Set(all.items.map(({ metadata }) => metadata.name));
    const left = secrets.items.map(({ metadata }) => metadata.name).filter((name) => !names.has(name));
    if (left.length > 0) throw new Error(`${left.join()} is`);
  },
};
