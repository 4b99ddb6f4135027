import { defineKind, type ObjectOf } from '@kubewright/api';
import { type KindRules, kindRules } from '@kubewright/apiserver';
import { Type } from 'typebox';

/** The kind that this API is about. Server and client share this one definition. */
export const Note = defineKind({
  group: 'notes.example.dev',
  version: 'v1',
  kind: 'Note',
  shortNames: ['nt'],
  selectableFields: ['spec.author'],
  schema: Type.Object({
    spec: Type.Object({
      author: Type.String({ minLength: 1 }),
      text: Type.String({ maxLength: 1000 }),
      pinned: Type.Optional(Type.Boolean({ default: false })),
    }),
  }),
});
export type Note = ObjectOf<typeof Note>;

/** How the server treats notes: the schema says nearly all; `kubectl get notes` shows who wrote what. */
export const noteRules: KindRules<Note> = kindRules(Note, {
  columns: [
    {
      ...{ name: 'Name', type: 'string', format: 'name', priority: 0 },
      description: 'The name of the note.',
      cell: ({ metadata }) => metadata.name ?? '',
    },
    {
      ...{ name: 'Author', type: 'string', priority: 0 },
      description: 'Who wrote it.',
      cell: ({ spec }) => spec.author,
    },
  ],
});
