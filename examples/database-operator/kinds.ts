import { defineKind, type ObjectOf } from '@kubewright/api';
import { Type } from 'typebox';

const phase = Type.Union([Type.Literal('Running'), Type.Literal('Succeeded'), Type.Literal('Failed')]);

/*
 * What these say beside types is in crds/, which `kubewright generate crd` writes, and is installed as any other
 * CustomResourceDefinition.
 */

/** A small database: one pod with a password of its own, and a backup from time to time. */
export const Database = defineKind({
  group: 'db.example.dev',
  version: 'v1',
  kind: 'Database',
  subresources: { status: true },
  schema: Type.Object({
    spec: Type.Object({
      image: Type.String({ minLength: 1 }),
      /** None without it. */
      backup: Type.Optional(
        Type.Object({
          everySeconds: Type.Integer({ minimum: 60 }),
          /** The newest so many stay. */
          keep: Type.Integer({ minimum: 1, default: 3 }),
        }),
      ),
    }),
    status: Type.Optional(
      Type.Object({ ready: Type.Optional(Type.Boolean()), lastBackup: Type.Optional(Type.String()) }),
    ),
  }),
});
export type Database = ObjectOf<typeof Database>;

/** One backup of a database: made by the operator, or by hand. */
export const Backup = defineKind({
  group: 'db.example.dev',
  version: 'v1',
  kind: 'Backup',
  subresources: { status: true },
  schema: Type.Object({
    spec: Type.Object({ database: Type.String({ minLength: 1 }) }),
    status: Type.Optional(Type.Object({ phase: Type.Optional(phase) })),
  }),
});
export type Backup = ObjectOf<typeof Backup>;
