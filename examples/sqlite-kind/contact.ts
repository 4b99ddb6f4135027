import { alreadyExists, conflict, defineKind, type ObjectOf, staleObject } from '@kubewright/api';
import { kindRules, type ObjectSource } from '@kubewright/apiserver';
import { Type } from 'typebox';

export const Contact = defineKind({
  group: 'crm.example.dev',
  version: 'v1',
  kind: 'Contact',
  scope: 'Cluster',
  selectableFields: ['spec.city'],
  schema: Type.Object({
    spec: Type.Object({
      email: Type.String({ pattern: '^[^@]+@[^@]+$' }),
      city: Type.Optional(Type.String()),
    }),
  }),
});
export type Contact = ObjectOf<typeof Contact>;

/** As much of a SQLite library as is used here; libsql, better-sqlite3 and node:sqlite have it. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: unknown[]): { readonly changes: number | bigint };
    get(...values: unknown[]): unknown;
    all(...values: unknown[]): unknown[];
  };
}

interface Row {
  readonly name: string;
  readonly email: string;
  readonly city: string | null;
  readonly version: number;
  readonly metadata: string;
}

/** Contacts that are rows of a table, which others may read and write as well. */
export function contactRules(database: Database) {
  database.exec(
    `create table if not exists contacts
     (name text primary key, email text not null, city text, version integer not null default 1, metadata text not null default '{}')`,
  );
  const one = (name: string) =>
    database.prepare('select * from contacts where name = ?').get(name) as Row | undefined;
  const source: ObjectSource<Contact> = {
    async get(_namespace, name) {
      const row = one(name);
      return row === undefined ? undefined : contactOf(row);
    },
    async list() {
      return (database.prepare('select * from contacts order by name').all() as Row[]).map(contactOf);
    },
    async create(contact) {
      const { name = '' } = contact.metadata;
      if (one(name) !== undefined) throw alreadyExists(Contact, name);
      const { email, city = null } = contact.spec;
      database
        .prepare('insert into contacts (name, email, city, metadata) values (?, ?, ?, ?)')
        .run(name, email, city, JSON.stringify(contact.metadata));
      return { ...contact, metadata: { ...contact.metadata, resourceVersion: '1' } };
    },
    async update(contact, old) {
      const { name = '' } = contact.metadata;
      const version = Number(old.metadata.resourceVersion);
      const { email, city = null } = contact.spec;
      const { changes } = database
        .prepare(
          'update contacts set email = ?, city = ?, metadata = ?, version = version + 1 where name = ? and version = ?',
        )
        .run(email, city, JSON.stringify(contact.metadata), name, version);
      if (Number(changes) === 0) throw conflict(Contact, name, staleObject);
      return { ...contact, metadata: { ...contact.metadata, resourceVersion: String(version + 1) } };
    },
    async delete({ metadata }) {
      database.prepare('delete from contacts where name = ?').run(metadata.name);
    },
  };
  return kindRules<Contact>(Contact, { source });
}

function contactOf({ name, email, city, version, metadata }: Row): Contact {
  return {
    metadata: { ...JSON.parse(metadata), name, resourceVersion: String(version) },
    spec: { email, ...(city === null ? {} : { city }) },
  };
}
