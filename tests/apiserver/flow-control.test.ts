import { ConfigMap } from '@kubewright/api/core/v1';
import { FlowSchema, PriorityLevelConfiguration } from '@kubewright/api/flowcontrol/v1';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, expect, it } from 'vitest';

let test: TestServer | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

async function answerOf(
  user: string,
  path: string,
  groups: string[] = [],
): Promise<{ status: number; headers: object; text: string }> {
  const handle = (test as TestServer).server.inProcess({ name: user, groups });
  const { status, headers, body } = await handle({ method: 'GET', path, headers: {} });
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return { status, headers, text };
}

it('has the default objects, and keeps the mandatory ones', async () => {
  test = await startTestServer({ flowControl: {} });
  const schemas = await test.client.resource(FlowSchema).list();
  expect(schemas.items.map(({ metadata }) => metadata.name).sort()).toEqual([
    ...['catch-all', 'exempt', 'global-default', 'kube-controller-manager', 'kube-scheduler'],
    ...['kube-system-service-accounts', 'probes', 'service-accounts', 'system-leader-election'],
    ...['system-node-high', 'system-nodes'],
  ]);
  expect((await test.client.resource(PriorityLevelConfiguration).list()).items).toHaveLength(8);
  const exempt = await test.client
    .resource(FlowSchema)
    .waitFor('exempt', (found) => found?.status?.conditions !== undefined);
  expect(exempt?.status?.conditions).toMatchObject([{ type: 'Dangling', status: 'False', reason: 'Found' }]);
});

it('says in each answer which schema and level it was', async () => {
  test = await startTestServer({ flowControl: {} });
  const schema = await test.client.resource(FlowSchema).get('global-default');
  const level = await test.client.resource(PriorityLevelConfiguration).get('global-default');
  const { headers } = await answerOf('jane', '/api/v1/namespaces/default/configmaps');
  expect(headers).toMatchObject({
    'x-kubernetes-pf-flowschema-uid': schema.metadata.uid,
    'x-kubernetes-pf-prioritylevel-uid': level.metadata.uid,
  });
});

it('lets many wait, and all of them go on', async () => {
  test = await startTestServer({ flowControl: { turnMs: 0 } });
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => answerOf('jane', '/api/v1/namespaces/default/configmaps')),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const { text } = await answerOf('jane', '/debug/api_priority_and_fairness/dump_priority_levels');
  expect(text).toMatch(/^PriorityLevelName, +ActiveQueues, +IsIdle,/);
  expect(text).toMatch(/^global-default, +0, +false, +false, +0, +1, +20\d,/m);
});

it('refuses with 429 and a time to come back what finds no room', async () => {
  test = await startTestServer({ flowControl: { turnMs: 0 } });
  const answers = await Promise.all(
    Array.from({ length: 400 }, () => answerOf('jane', '/api/v1/namespaces/default/configmaps')),
  );
  const refused = answers.filter(({ status }) => status === 429);
  // Six queues of fifty.
  expect(refused).toHaveLength(100);
  expect(refused[0]?.headers).toMatchObject({ 'retry-after': '1' });
  const { text } = await answerOf('admin', '/metrics');
  expect(text).toContain(
    'apiserver_flowcontrol_rejected_requests_total{flow_schema="global-default",priority_level="global-default",reason="queue-full"} 100',
  );
});

it('lets a modest user in before a greedy one', async () => {
  test = await startTestServer({ flowControl: { turnMs: 0 } });
  const order: string[] = [];
  const ask = async (user: string) => {
    await answerOf(user, '/api/v1/namespaces/default/configmaps');
    order.push(user);
  };
  const greedy = Array.from({ length: 250 }, () => ask('greedy'));
  await ask('modest');
  expect(order.length).toBeLessThan(60);
  await Promise.all(greedy);
});

it('follows changes of levels', async () => {
  test = await startTestServer({ flowControl: {} });
  await test.client.resource(PriorityLevelConfiguration).create({
    metadata: { name: 'closed' },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 0, lendablePercent: 0, limitResponse: { type: 'Reject' } },
    },
  });
  await test.client.resource(FlowSchema).create({
    metadata: { name: 'closed' },
    spec: {
      priorityLevelConfiguration: { name: 'closed' },
      matchingPrecedence: 1000,
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'mallory' } }],
          resourceRules: [
            { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
          ],
        },
      ],
    },
  });
  const { headers } = await answerOf('mallory', '/api/v1/namespaces/default/configmaps');
  const schema = await test.client.resource(FlowSchema).get('closed');
  expect(headers).toMatchObject({ 'x-kubernetes-pf-flowschema-uid': schema.metadata.uid });
  await test.client.resource(ConfigMap).namespace('default').list();
});

it('keeps a user who loops over 500 requests at a time from holding up another', async () => {
  test = await startTestServer({ flowControl: {} });
  const path = '/api/v1/namespaces/default/configmaps';
  let looping = true;
  const greedy = Array.from({ length: 500 }, async () => {
    // Whatever he is answered, he asks again at once.
    while (looping) await answerOf('greedy', path);
  });
  let rounds = 0;
  const count = () => {
    rounds++;
    if (looping) setImmediate(count);
  };
  setImmediate(count);
  const waited: number[] = [];
  for (let i = 0; i < 25; i++) {
    const before = rounds;
    expect((await answerOf('modest', path)).status).toBe(200);
    waited.push(rounds - before);
  }
  looping = false;
  await Promise.all(greedy);
  // Rounds of the event loop, which a busy machine makes longer and not more.
  expect(Math.max(...waited)).toBeLessThanOrEqual(6);
});

it('shows what waits and what is under way in the dumps, and counts it', async () => {
  test = await startTestServer({ flowControl: { serverSeats: 8, turnMs: 0 } });
  const asked = Array.from({ length: 5 }, () => answerOf('jane', '/api/v1/namespaces/default/configmaps'));
  const masters = ['system:masters'];
  const dump = '/debug/api_priority_and_fairness';
  // Who never waits sees those who do.
  const { text: requests } = await answerOf('admin', `${dump}/dump_requests`, masters);
  const header =
    /^PriorityLevelName, FlowSchemaName, QueueIndex, RequestIndexInQueue, FlowDistingsher, ArriveTime, +InitialSeats, FinalSeats, AdditionalLatency, StartTime\n/;
  expect(requests).toMatch(header);
  expect(requests).toMatch(
    /^global-default, +global-default, +\d+, +\d+, +jane, +\S+Z, +1, +0, +0s, +0001-01-01T00:00:00Z$/m,
  );
  expect(requests).toMatch(/^exempt, +exempt, +-1, +-1, +, +\S+Z, +1, +0, +0s, +20\S+Z$/m);
  const detailed = await answerOf('admin', `${dump}/dump_requests?includeRequestDetails=1`, masters);
  expect(detailed.text).toMatch(
    /StartTime, +UserName, +Verb, +APIPath, +Namespace, +Name, +APIVersion, +Resource, +SubResource\n/,
  );
  expect(detailed.text).toMatch(/^global-default, .*Z, +jane, +\w+, +\/api\/v1\/\S+, .*, +v1, +\w+, *$/m);
  const { text: queues } = await answerOf('admin', `${dump}/dump_queues`, masters);
  expect(queues).toMatch(
    /^PriorityLevelName, +Index, +PendingRequests, +ExecutingRequests, +SeatsInUse, +NextDispatchR, +InitialSeatsSum, +MaxSeatsSum, +TotalWorkSum\n/,
  );
  await Promise.all(asked);
  const { text: metrics } = await answerOf('admin', '/metrics', masters);
  const flow = 'flow_schema="global-default",priority_level="global-default"';
  for (const line of [
    `apiserver_flowcontrol_current_inqueue_requests{${flow}} 0`,
    'apiserver_flowcontrol_current_executing_requests{flow_schema="exempt",priority_level="exempt"} 1',
    `apiserver_flowcontrol_work_estimated_seats_bucket{${flow},le="1"}`,
    `apiserver_flowcontrol_request_execution_seconds_count{${flow},type="regular"}`,
    `apiserver_flowcontrol_request_wait_duration_seconds_count{execute="true",${flow}}`,
    'apiserver_flowcontrol_upper_limit_seats{priority_level="global-default"} 8',
    'apiserver_flowcontrol_current_limit_seats{priority_level="exempt"}',
  ])
    expect(metrics).toContain(line);
});
