import { kindRules } from '@kubewright/apiserver';
import { Manager } from '@kubewright/controllers';
import { startTestServer } from '@kubewright/testing';
import { expect, it } from 'vitest';
import { addGreeter, Greeting } from './greeting.js';

it('greets whoever is named, and nobody without a name', async () => {
  const { client, close } = await startTestServer({ kinds: [kindRules(Greeting)] });
  const stop = new AbortController();
  const manager = new Manager(client, { signal: stop.signal });
  addGreeter(manager);
  await manager.start();

  const greetings = client.resource(Greeting).namespace('default');
  await greetings.create({ metadata: { name: 'world' }, spec: { name: 'World' } });
  const greeted = await greetings.waitFor('world', (found) => found?.status !== undefined);
  expect(greeted?.status?.text).toBe('Hello, World!');

  const nobody = greetings.create({ metadata: { name: 'nobody' }, spec: { name: '' } });
  await expect(nobody).rejects.toThrow(/spec\.name/);

  stop.abort();
  await manager.done;
  await close();
});
