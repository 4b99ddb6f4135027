import { kindRules } from '@kubewright/apiserver';
import type { Client } from '@kubewright/client';
import { explore, type Scenario } from '@kubewright/testing';
import { expect, it } from 'vitest';
import { addGreeter, Greeting } from './greeting.js';

const greetings = (client: Client) => client.resource(Greeting).namespace('default');

const scenario: Scenario = {
  server: { kinds: [kindRules(Greeting)] },
  steps: {
    'makes a greeting': (client) =>
      greetings(client).create({ metadata: { name: 'world' }, spec: { name: 'World' } }),
    'changes its word': (client) => greetings(client).patchMerge('world', { spec: { word: 'Good day' } }),
  },
  finally: {
    'it says what is wanted': async (client) =>
      expect((await greetings(client).get('world')).status?.text).toBe('Good day, World!'),
  },
};

it('says what is wanted in the end, whatever crashes, is lost, or comes late', async () => {
  const { runs } = await explore(addGreeter, scenario, { randomRuns: 20 });
  expect(runs).toBeGreaterThan(20);
});
