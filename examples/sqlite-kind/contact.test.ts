import { startTestServer } from '@kubewright/testing';
import { expect, it } from 'vitest';
import { Contact, contactRules, type Database } from './contact.js';

const Sqlite = await installed();

/** The library of this example's own package.json: `npm install --prefix examples/sqlite-kind` brings it. */
async function installed(): Promise<(new (path: string) => Database) | undefined> {
  const name = 'libsql';
  try {
    return ((await import(name)) as { default: new (path: string) => Database }).default;
  } catch (error) {
    if (!(error instanceof Error && /libsql/.test(error.message))) throw error;
    console.warn('SKIPPED: libsql is not here: npm install --prefix examples/sqlite-kind');
    return undefined;
  }
}

it.skipIf(Sqlite === undefined)('contacts are rows of a table and objects of the API', async () => {
  if (Sqlite === undefined) return;
  const database = new Sqlite(':memory:');
  const { client, close } = await startTestServer({ kinds: [contactRules(database)] });
  const contacts = client.resource(Contact);

  await contacts.create({
    metadata: { name: 'ada', labels: { vip: 'yes' } },
    spec: { email: 'ada@example.dev', city: 'London' },
  });
  expect(database.prepare('select email from contacts').all()).toMatchObject([{ email: 'ada@example.dev' }]);
  database.exec("insert into contacts (name, email, city) values ('bob', 'bob@example.dev', 'Paris')");
  expect((await contacts.list()).items.map(({ metadata }) => metadata.name)).toEqual(['ada', 'bob']);
  const names = async (options: object) =>
    (await contacts.list(options)).items.map(({ metadata }) => metadata.name);
  expect(await names({ labelSelector: 'vip=yes' })).toEqual(['ada']);
  expect(await names({ fieldSelector: 'spec.city=Paris' })).toEqual(['bob']);

  await expect(contacts.create({ metadata: { name: 'ada' }, spec: { email: 'x@y' } })).rejects.toThrow(
    'already exists',
  );
  await expect(contacts.patchMerge('bob', { spec: { email: 'nobody' } })).rejects.toThrow('should match');
  const ada = await contacts.patchMerge('ada', { spec: { city: 'Turin' } });
  expect(ada.metadata).toMatchObject({ resourceVersion: '2', generation: 2 });
  database.exec("update contacts set city = 'Rome', version = version + 1 where name = 'ada'");
  await expect(
    contacts.replace({ ...ada, spec: { email: 'ada@example.dev', city: 'Oslo' } }),
  ).rejects.toThrow('has been modified');
  expect((await contacts.get('ada')).spec.city).toBe('Rome');

  await contacts.delete('ada');
  expect(database.prepare('select name from contacts').all()).toMatchObject([{ name: 'bob' }]);
  await close();
});
