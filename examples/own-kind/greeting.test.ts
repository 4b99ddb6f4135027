import { kindRules } from '@kubewright/apiserver';
import { startTestServer } from '@kubewright/testing';
import { expect, it } from 'vitest';
import { Greeting, startGreeter } from './greeting.js';

it('greets whoever is named, and nobody without a name', async () => {
  const { client, close } = await startTestServer({ kinds: [kindRules(Greeting)] });
  const stop = new AbortController();
  const greeter = await startGreeter(client, stop.signal);

  const greetings = client.resource(Greeting).namespace('default');
  await greetings.create({ metadata: { name: 'world' }, spec: { name: 'World' } });
  const greeted = await greetings.waitFor('world', (found) => found?.status !== undefined);
  expect(greeted?.status?.text).toBe('Hello, World!');

  const nobody = greetings.create({ metadata: { name: 'nobody' }, spec: { name: '' } });
  await expect(nobody).rejects.toThrow(/spec\.name/);

  stop.abort();
  await greeter.done;
  await close();
});
