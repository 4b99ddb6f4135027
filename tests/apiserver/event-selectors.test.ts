import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
  for (const name of ['a', 'b']) {
    const event = {
      metadata: { name },
      involvedObject: { kind: 'Pod', namespace: 'default', name },
      reason: name === 'a' ? 'Started' : 'Killed',
      source: { component: 'kubelet' },
      reportingComponent: 'interop',
      type: 'Normal',
    };
    await server.send({ method: 'POST', path: '/api/v1/namespaces/default/events', body: event });
  }
});
afterAll(() => server.close());

const core = '/api/v1/namespaces/default/events';
const events = '/apis/events.k8s.io/v1/namespaces/default/events';

it.each([
  [core, 'involvedObject.name=a'],
  [core, 'source=kubelet,reason=Started'],
  [core, 'reportingComponent=interop,reason!=Killed'],
  [events, 'regarding.kind=Pod,regarding.name=a'],
  [events, 'reportingController=interop,reason=Started'],
  [events, 'source=kubelet,type=Normal,reason!=Killed'],
])('%s selects events by %s', async (path, selector) => {
  const answer = await server.send({ path: `${path}?fieldSelector=${encodeURIComponent(selector)}` });
  const { items } = answer.json<{ items: { metadata: { name: string } }[] }>();
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['a']);
});

it.each([
  [core, 'regarding.name'],
  [events, 'involvedObject.name'],
])('%s does not know %s', async (path, field) => {
  const answer = await server.send({ path: `${path}?fieldSelector=${field}=a` });
  expect(answer.code).toBe(400);
  expect(answer.json().message).toContain(`field label not supported: ${field}`);
});
