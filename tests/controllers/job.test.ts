import { isConditionTrue } from '@kubewright/api';
import { Job, type JobSpec } from '@kubewright/api/batch/v1';
import { Event, Pod } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { cleanup, startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from './cluster.js';

const start = Date.UTC(2026, 0, 1);
let clock: VirtualClock;
let server: TestServer;

beforeEach(async () => {
  clock = new VirtualClock(start);
  server = await startTestServer({
    clock,
    controllers: [...cleanup, 'job-controller', 'ttl-after-finished-controller'],
  });
});
afterEach(() => server.close());

const jobs = () => server.client.resource(Job).namespace('default');
const pods = () => server.client.resource(Pod).namespace('default');

async function make(name: string, spec: Partial<JobSpec> = {}): Promise<Job> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work' }] } };
  return jobs().create({ metadata: { name }, spec: { template, ...spec } });
}

/** Waits until so many pods are active, and gives them by name. */
async function activePods(count: number): Promise<Pod[]> {
  return until(async () => {
    const { items } = await pods().list();
    const active = items.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status?.phase !== 'Succeeded' &&
        status?.phase !== 'Failed',
    );
    expect(active).toHaveLength(count);
    return active.sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  });
}

async function end(pod: Pod | undefined, exitCode: number): Promise<void> {
  const finishedAt = new Date(clock.now()).toISOString().replace('.000Z', 'Z');
  const terminated = { exitCode, finishedAt, reason: exitCode === 0 ? 'Completed' : 'Error' };
  await pods().status.patchMerge(pod?.metadata.name ?? '', {
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [
        { name: 'work', image: 'work', imageID: '', ready: false, restartCount: 0, state: { terminated } },
      ],
    },
  });
}

async function ended(name: string): Promise<Job> {
  return until(async () => {
    const job = await jobs().get(name);
    const { conditions } = job.status ?? {};
    expect(isConditionTrue(conditions, 'Complete') || isConditionTrue(conditions, 'Failed')).toBe(true);
    return job;
  });
}

const failure = ({ status }: Job) => status?.conditions?.find(({ type }) => type === 'Failed');

it('runs one pod, counts it and says that it is complete', async () => {
  await make('one');
  const [pod] = await activePods(1);
  expect(pod?.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
  expect(pod?.metadata.generateName).toBe('one-');
  await until(async () => expect((await jobs().get('one')).status?.active).toBe(1));
  await end(pod, 0);
  const { status } = await ended('one');
  const time = '2026-01-01T00:00:00Z';
  const reached = {
    status: 'True',
    lastProbeTime: time,
    lastTransitionTime: time,
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
  expect(status).toEqual({
    startTime: time,
    completionTime: time,
    conditions: [
      { type: 'SuccessCriteriaMet', ...reached },
      { type: 'Complete', ...reached },
    ],
    succeeded: 1,
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
  });
  expect((await pods().get(pod?.metadata.name ?? '')).metadata.finalizers).toBeUndefined();
  await until(async () => {
    const { items } = await server.client.resource(Event).namespace('default').list();
    expect(items.map(({ reason, message }) => [reason, message])).toEqual([
      ['SuccessfulCreate', `Created pod: ${pod?.metadata.name}`],
      ['Completed', 'Job completed'],
    ]);
  });
});

it('keeps to its parallelism until all completions are there', async () => {
  await make('many', { completions: 3, parallelism: 2 });
  await end((await activePods(2))[0], 0);
  await until(async () => expect((await jobs().get('many')).status?.succeeded).toBe(1));
  for (const pod of await activePods(2)) await end(pod, 0);
  expect((await ended('many')).status).toMatchObject({ succeeded: 3 });
});

it('replaces a failed pod after 10 s, then 20 s, and fails beyond the limit', async () => {
  await make('bad', { backoffLimit: 1 });
  await end((await activePods(1))[0], 1);
  await until(async () => expect((await jobs().get('bad')).status?.failed).toBe(1));
  await clock.advance(9000);
  await activePods(0);
  await clock.advance(1000);
  await end((await activePods(1))[0], 1);
  const job = await ended('bad');
  expect(failure(job)).toMatchObject({
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  });
  expect(job.status?.failed).toBe(2);
  expect(isConditionTrue(job.status?.conditions, 'FailureTarget')).toBe(true);
});

it('ends when its time is over, and deletes what runs', async () => {
  await make('slow', { activeDeadlineSeconds: 60 });
  await activePods(1);
  await until(async () => expect((await jobs().get('slow')).status?.active).toBe(1));
  await clock.advance(60_000);
  expect(failure(await ended('slow'))).toMatchObject({ reason: 'DeadlineExceeded' });
  await activePods(0);
});

it('rests while it is suspended', async () => {
  await make('rests', { suspend: true });
  await until(async () =>
    expect(isConditionTrue((await jobs().get('rests')).status?.conditions, 'Suspended')).toBe(true),
  );
  expect((await jobs().get('rests')).status?.startTime).toBeUndefined();
  await activePods(0);
  await clock.advance(5000);
  await jobs().patchMerge('rests', { spec: { suspend: false } });
  await activePods(1);
  await until(async () => expect((await jobs().get('rests')).status?.active).toBe(1));
  expect((await jobs().get('rests')).status?.startTime).toBe('2026-01-01T00:00:05Z');
  await jobs().patchMerge('rests', { spec: { suspend: true } });
  await activePods(0);
});

it('gives each pod of an Indexed job an index, and collects those that succeeded', async () => {
  await make('indexed', { completionMode: 'Indexed', completions: 4, parallelism: 4 });
  const all = await activePods(4);
  const annotation = 'batch.kubernetes.io/job-completion-index';
  expect(all.map(({ metadata }) => metadata.annotations?.[annotation])).toEqual(['0', '1', '2', '3']);
  expect(all[2]?.metadata.labels?.[annotation]).toBe('2');
  expect(all[2]?.metadata.generateName).toBe('indexed-2-');
  expect(all[2]?.spec?.hostname).toBe('indexed-2');
  expect(all[2]?.spec?.containers[0]?.env?.[0]).toMatchObject({
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${annotation}']` } },
  });
  for (const index of [0, 2, 3]) await end(all[index], 0);
  await until(async () => expect((await jobs().get('indexed')).status?.completedIndexes).toBe('0,2,3'));
  await end(all[1], 0);
  expect((await ended('indexed')).status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' });
});

it('counts failures of each index by itself where it is asked to', async () => {
  await make('each', {
    completionMode: 'Indexed',
    completions: 2,
    parallelism: 2,
    backoffLimitPerIndex: 1,
  });
  const [zero, one] = await activePods(2);
  await end(one, 0);
  await end(zero, 1);
  await activePods(0);
  await clock.advance(10_000);
  const [again] = await activePods(1);
  expect(again?.metadata.annotations).toMatchObject({
    'batch.kubernetes.io/job-completion-index': '0',
    'batch.kubernetes.io/job-index-failure-count': '1',
  });
  await end(again, 1);
  const job = await ended('each');
  expect(failure(job)).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' });
  expect(job.status).toMatchObject({ failedIndexes: '0', completedIndexes: '1', failed: 2, succeeded: 1 });
});

it('is done early where its success policy says so', async () => {
  await make('early', {
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    successPolicy: { rules: [{ succeededIndexes: '1-2', succeededCount: 1 }] },
  });
  const all = await activePods(3);
  await end(all[2], 0);
  const job = await ended('early');
  expect(job.status?.conditions?.map(({ type, reason, message }) => [type, reason, message])).toEqual([
    ['SuccessCriteriaMet', 'SuccessPolicy', 'Matched rules at index 0'],
    ['Complete', 'SuccessPolicy', 'Matched rules at index 0'],
  ]);
  await activePods(0);
});

it('fails, or looks away, as the policy for failed pods says', async () => {
  const podFailurePolicy = {
    rules: [
      { action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    ],
  };
  await make('policy', { backoffLimit: 0, podFailurePolicy });
  await end((await activePods(1))[0], 7);
  await activePods(0);
  await clock.advance(10_000);
  const [second] = await activePods(1);
  await end(second, 42);
  const job = await ended('policy');
  expect(failure(job)).toMatchObject({
    reason: 'PodFailurePolicy',
    message: `Container work for pod default/${second?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
  });
  expect(job.status?.failed).toBe(1);
});

it('is deleted with its pods when its time after the end is over', async () => {
  await make('brief', { ttlSecondsAfterFinished: 30 });
  await end((await activePods(1))[0], 0);
  await ended('brief');
  await until(async () => {
    await clock.advance(10_000);
    expect((await jobs().list()).items).toEqual([]);
  });
  expect(clock.now() - start).toBeGreaterThanOrEqual(30_000);
  await until(async () => expect((await pods().list()).items).toEqual([]));
});

it('lets go of the pods of a job that is deleted', async () => {
  await make('gone', { parallelism: 2, completions: 2 });
  await activePods(2);
  await jobs().delete('gone', { propagationPolicy: 'Background' });
  await until(async () => expect((await pods().list()).items).toEqual([]));
});

it('leaves jobs alone that another controller manages', async () => {
  await make('foreign', { managedBy: 'example.com/other' });
  await make('own');
  await activePods(1);
  expect((await jobs().get('foreign')).status).toEqual({});
});
