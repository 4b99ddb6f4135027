import { defineKind, isNotFound, type ObjectOf } from '@kubewright/api';
import { type Manager, updateStatus } from '@kubewright/controllers';
import { Type } from 'typebox';

/** A kind of one's own: the static type, validation, defaults and OpenAPI come from this one schema. */
export const Greeting = defineKind({
  group: 'example.dev',
  version: 'v1',
  kind: 'Greeting',
  subresources: { status: true },
  schema: Type.Object({
    spec: Type.Object({
      name: Type.String({ minLength: 1 }),
      word: Type.Optional(Type.String({ default: 'Hello' })),
    }),
    status: Type.Optional(Type.Object({ text: Type.String() })),
  }),
});
export type Greeting = ObjectOf<typeof Greeting>;

/** Writes into each greeting's status what it says. */
export function addGreeter(manager: Manager): void {
  manager.controller(Greeting).reconcile(async ({ namespace, name }, { client }) => {
    const greetings = client.resource(Greeting);
    const greeting = await greetings.namespace(namespace).get(name).catch(undefinedWhenGone);
    if (greeting === undefined) return undefined;
    const { word, name: whom } = greeting.spec;
    await updateStatus(greetings, greeting, { text: `${word}, ${whom}!` });
    return undefined;
  });
}

function undefinedWhenGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
