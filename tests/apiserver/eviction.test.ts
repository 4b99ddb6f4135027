import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

interface Budget {
  readonly metadata: { readonly resourceVersion: string; readonly generation: number };
  readonly status: {
    readonly disruptionsAllowed: number;
    readonly disruptedPods?: Record<string, string>;
    readonly conditions?: readonly { type: string; status: string; reason: string }[];
  };
}

let server: TlsServer;
let count = 0;
let name: string;
const now = Date.parse('2026-01-01T00:00:00Z');
const root = '/api/v1/namespaces/default/pods';
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';

beforeAll(async () => {
  server = await startTlsServer({ now: () => now });
});
afterAll(() => server.close());
beforeEach(() => {
  name = `p${++count}`;
});

async function send<T>(method: string, path: string, body?: object, code = 200): Promise<T> {
  const answer = await server.send({ method, path, ...(body === undefined ? {} : { body }) });
  if (answer.code !== code) throw new Error(`${method} ${path}: ${answer.code} ${answer.text}`);
  return answer.json<T>();
}

/** A pod that a node runs, ready or not. */
async function runningPod(ready = true): Promise<void> {
  const pod = await send<object>(
    'POST',
    root,
    {
      metadata: { name, labels: { app: name } },
      spec: { nodeName: 'n', terminationGracePeriodSeconds: 30, containers: [{ name: 'a', image: 'a' }] },
    },
    201,
  );
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  await send('PUT', `${root}/${name}/status`, { ...pod, status: { phase: 'Running', conditions } });
}

async function budgetOf(status: object, spec: object = {}, budget = name): Promise<void> {
  const selector = { matchLabels: { app: name } };
  const made = await send<Budget>(
    'POST',
    budgets,
    { metadata: { name: budget }, spec: { minAvailable: 1, selector, ...spec } },
    201,
  );
  const counts = { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, observedGeneration: 1, ...status };
  await send('PUT', `${budgets}/${budget}/status`, { ...made, status: counts });
}

const evict = (more: object = {}, query = '') =>
  server.send({
    method: 'POST',
    path: `${root}/${name}/eviction${query}`,
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, ...more },
  });

const pod = () =>
  send<{
    metadata: { deletionTimestamp?: string };
    status: { conditions: { type: string; reason?: string }[] };
  }>('GET', `${root}/${name}`);

describe('an eviction', () => {
  it('deletes a pod without a budget and says on it why', async () => {
    await runningPod();
    expect((await evict()).code).toBe(201);
    const { metadata, status } = await pod();
    expect(metadata.deletionTimestamp).toBe('2026-01-01T00:00:30Z');
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }),
    );
  });

  it('takes one disruption from the budget', async () => {
    await runningPod();
    await budgetOf({ disruptionsAllowed: 1 });
    expect((await evict()).code).toBe(201);
    const { status } = await send<Budget>('GET', `${budgets}/${name}`);
    expect(status.disruptionsAllowed).toBe(0);
    expect(status.disruptedPods).toEqual({ [name]: '2026-01-01T00:00:00Z' });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }),
    );
  });

  it('takes no more than there are, whoever asks at the same time', async () => {
    await runningPod();
    await budgetOf({ disruptionsAllowed: 2 });
    const names = [name, `${name}-b`, `${name}-c`, `${name}-d`];
    for (const one of names.slice(1)) {
      const made = await send<object>(
        'POST',
        root,
        {
          metadata: { name: one, labels: { app: name } },
          spec: { nodeName: 'n', containers: [{ name: 'a', image: 'a' }] },
        },
        201,
      );
      await send('PUT', `${root}/${one}/status`, {
        ...made,
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      });
    }
    const answers = await Promise.all(
      names.map((one) =>
        server.send({ method: 'POST', path: `${root}/${one}/eviction`, body: { metadata: { name: one } } }),
      ),
    );
    expect(answers.map(({ code }) => code).sort()).toEqual([201, 201, 429, 429]);
    expect((await send<Budget>('GET', `${budgets}/${name}`)).status.disruptionsAllowed).toBe(0);
  });

  it('waits where the budget has nothing to give', async () => {
    await runningPod();
    await budgetOf({ disruptionsAllowed: 0 });
    const answer = await evict();
    expect(answer.code).toBe(429);
    expect(answer.json()).toMatchObject({
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: `The disruption budget ${name} needs 1 healthy pods and has 1 currently`,
          },
        ],
      },
    });
    expect((await pod()).metadata.deletionTimestamp).toBeUndefined();
  });

  it('waits for a controller that has not seen the budget yet', async () => {
    await runningPod();
    await budgetOf({ disruptionsAllowed: 1, observedGeneration: 0 });
    const answer = await evict();
    expect(answer.code).toBe(429);
    expect(answer.headers['retry-after']).toBe('10');
    expect(answer.json().details?.causes?.[0]?.message).toBe(
      `The disruption budget ${name} is still being processed by the server.`,
    );
  });

  it.each<[string, object, object, number]>([
    ['may go where enough others are healthy', {}, { currentHealthy: 1 }, 201],
    ['stays where others are missing', {}, { currentHealthy: 0 }, 429],
    [
      'may always go where the budget says so',
      { unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      { currentHealthy: 0 },
      201,
    ],
  ])('of a pod that is not ready: it %s', async (_name, spec, status, code) => {
    await runningPod(false);
    await budgetOf({ disruptionsAllowed: 0, ...status }, spec);
    expect((await evict()).code).toBe(code);
  });

  it('refuses to choose between two budgets', async () => {
    await runningPod();
    await budgetOf({ disruptionsAllowed: 1 });
    await budgetOf({ disruptionsAllowed: 1 }, {}, `${name}-other`);
    const answer = await evict();
    expect(answer.code).toBe(500);
    expect(answer.json().message).toBe(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  });

  it.each([
    ['the request', {}, '?dryRun=All'],
    ['the body', { deleteOptions: { dryRun: ['All'] } }, ''],
  ])('that is only tried, by %s, changes nothing', async (_where, more, query) => {
    await runningPod();
    await budgetOf({ disruptionsAllowed: 1 });
    expect((await evict(more, query)).code).toBe(201);
    expect((await send<Budget>('GET', `${budgets}/${name}`)).status.disruptionsAllowed).toBe(1);
    expect((await pod()).metadata.deletionTimestamp).toBeUndefined();
  });

  it('needs the name of the pod', async () => {
    await runningPod();
    const answer = await evict({ metadata: { name: 'other' } });
    expect(answer.code).toBe(400);
    expect(answer.json().message).toBe('name in URL does not match name in Eviction object');
  });
});

describe('what is asked and how', () => {
  const evict = (deleteOptions: object, query = '') =>
    server.send({
      method: 'POST',
      path: `${root}/${name}/eviction${query}`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions },
    });

  it.each([
    [{ propagationPolicy: 'Nope' }, 'Unsupported value: "Nope"'],
    [{ dryRun: ['x'] }, 'Unsupported value: ["x"]'],
    [{ orphanDependents: true, propagationPolicy: 'Orphan' }, 'cannot be both set'],
  ])('%j are no options', async (options, problem) => {
    await runningPod();
    const answer = await evict(options);
    expect(answer.code).toBe(422);
    expect(answer.json<{ message: string }>().message).toContain(problem);
    await send('GET', `${root}/${name}`);
  });

  it('a budget with an empty selector is for all pods, one without a selector for none', async () => {
    await runningPod();
    const spec = { minAvailable: 1 };
    await send('POST', budgets, { metadata: { name: `${name}-none` }, spec }, 201);
    expect((await evict({}, '?dryRun=All')).code).toBe(201);
    await send('POST', budgets, { metadata: { name: `${name}-all` }, spec: { ...spec, selector: {} } }, 201);
    expect((await evict({}, '?dryRun=All')).code).toBe(429);
    await send('DELETE', `${budgets}/${name}-all`);
  });

  it('another delete of a pod that ends may only shorten what is left', async () => {
    await runningPod();
    await send('DELETE', `${root}/${name}`);
    const pod = await send<{ metadata: object }>('DELETE', `${root}/${name}`, {
      propagationPolicy: 'Orphan',
    });
    expect(pod.metadata).not.toHaveProperty('finalizers');
    const shorter = await send<{ metadata: object }>('DELETE', `${root}/${name}`, {
      propagationPolicy: 'Orphan',
      gracePeriodSeconds: 3,
    });
    expect(shorter.metadata).toMatchObject({ deletionGracePeriodSeconds: 3, finalizers: ['orphan'] });
  });

  it('who says of old that dependents go along, and has to wait, gets 202', async () => {
    const maps = '/api/v1/namespaces/default/configmaps';
    await send('POST', maps, { metadata: { name, finalizers: ['a.b/c'] } }, 201);
    await send('DELETE', `${maps}/${name}`, { orphanDependents: false }, 202);
    const wrong = { gracePeriodSeconds: 'x' };
    const answer = await server.send({ method: 'DELETE', path: `${maps}/${name}`, body: wrong });
    expect(answer.json<{ message: string }>().message).toMatch(/^json: cannot unmarshal string/);
  });

  it('a binding brings annotations of any name, and may ask for a version', async () => {
    await send('POST', root, { metadata: { name }, spec: { containers: [{ name: 'a', image: 'a' }] } }, 201);
    const bind = (metadata: object, code: number) =>
      send<{ message?: string }>(
        'POST',
        `${root}/${name}/binding`,
        { metadata: { name, ...metadata }, target: { kind: 'Node', name: 'n' } },
        code,
      );
    expect((await bind({ resourceVersion: '1' }, 409)).message).toContain(
      'ResourceVersion in precondition: 1',
    );
    await bind({ annotations: { ' odd': 'x' } }, 201);
  });
});
