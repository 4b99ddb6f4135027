import { CronJob, type CronJobSpec, Job } from '@kubewright/api/batch/v1';
import { Event } from '@kubewright/api/core/v1';
import { VirtualClock } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from './cluster.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
let clock: VirtualClock;
let server: TestServer;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  server = await startTestServer({ clock, controllers: ['cronjob-controller'] });
});
afterEach(() => server.close());

const jobs = () => server.client.resource(Job).namespace('default');
const cronJobs = () => server.client.resource(CronJob).namespace('default');

function make(name: string, spec: Partial<CronJobSpec>): Promise<CronJob> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work' }] } };
  return cronJobs().create({
    metadata: { name },
    spec: { schedule: '0 * * * *', timeZone: 'UTC', jobTemplate: { spec: { template } }, ...spec },
  });
}

async function jobNames(): Promise<string[]> {
  return (await jobs().list()).items.map(({ metadata }) => metadata.name ?? '').sort();
}

/** The name of a job by the minutes after the beginning at which it was due. */
const named = (name: string, minutes: number) => `${name}-${Date.UTC(2026, 0, 1) / minuteMs + minutes}`;

/** Lets time pass, a piece at a time, until the jobs are those. */
async function passes(ms: number, expected: readonly string[]): Promise<void> {
  await clock.advance(ms);
  await until(async () => {
    await clock.advance(100);
    expect(await jobNames()).toEqual([...expected].sort());
  });
}

async function status(name: string) {
  return (await cronJobs().get(name)).status ?? {};
}

async function end(name: string, type: 'Complete' | 'Failed'): Promise<void> {
  const time = new Date(Math.floor(clock.now() / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  const condition = (each: string) => ({ type: each, status: 'True', lastTransitionTime: time });
  const interim = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  await jobs().status.patchMerge(name, {
    status: {
      startTime: (await jobs().get(name)).metadata.creationTimestamp,
      ...(type === 'Complete' ? { completionTime: time } : {}),
      conditions: [condition(interim), condition(type)],
    },
  });
}

const reasons = async () =>
  (await server.client.resource(Event).namespace('default').list()).items.map(({ reason }) => reason);

it('starts a job when it is time, once, and says so', async () => {
  await make('hourly', {});
  await passes(59 * minuteMs, []);
  await passes(minuteMs, [named('hourly', 60)]);
  const job = await jobs().get(named('hourly', 60));
  expect(job.metadata.annotations).toEqual({
    'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T01:00:00Z',
  });
  expect(job.metadata.ownerReferences?.[0]).toMatchObject({
    kind: 'CronJob',
    name: 'hourly',
    controller: true,
  });
  await until(async () =>
    expect(await status('hourly')).toEqual({
      active: [
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          name: named('hourly', 60),
          namespace: 'default',
          uid: job.metadata.uid,
          resourceVersion: job.metadata.resourceVersion,
        },
      ],
      lastScheduleTime: '2026-01-01T01:00:00Z',
    }),
  );
  await end(named('hourly', 60), 'Complete');
  await until(async () =>
    expect(await status('hourly')).toMatchObject({
      lastScheduleTime: '2026-01-01T01:00:00Z',
      lastSuccessfulTime: '2026-01-01T01:00:00Z',
    }),
  );
  expect((await status('hourly')).active ?? []).toEqual([]);
  await until(async () => expect(await reasons()).toEqual(['SuccessfulCreate', 'SawCompletedJob']));
});

it('keeps half a day of an hourly CronJob to the limits of its history', async () => {
  await make('day', { successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
  for (let hour = 1; hour <= 12; hour++) {
    await clock.advance(hourMs);
    const name = named('day', hour * 60);
    await until(async () => {
      await clock.advance(100);
      expect(await jobNames()).toContain(name);
    });
    await end(name, hour % 4 === 0 ? 'Failed' : 'Complete');
  }
  const kept = [named('day', 10 * 60), named('day', 11 * 60), named('day', 12 * 60)];
  await until(async () => expect(await jobNames()).toEqual(kept.sort()));
});

it('is of its time zone', async () => {
  await make('zone', { schedule: '0 9 * * *', timeZone: 'Asia/Kathmandu' });
  // 09:00 there is 03:15 UTC.
  await passes(4 * hourMs, [named('zone', 195)]);
  const { metadata } = await jobs().get(named('zone', 195));
  expect(metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe(
    '2026-01-01T09:00:00+05:45',
  );
});

it.each([
  ['Allow', [60, 120]],
  ['Forbid', [60]],
  ['Replace', [120]],
] as const)('%s decides what happens while a job still runs', async (concurrencyPolicy, due) => {
  await make('policy', { concurrencyPolicy });
  await passes(hourMs, [named('policy', 60)]);
  await passes(
    hourMs,
    due.map((minutes) => named('policy', minutes)),
  );
  if (concurrencyPolicy === 'Forbid') {
    await until(async () => expect(await reasons()).toContain('JobAlreadyActive'));
    // The time that was passed over is made up for as soon as it may be.
    await end(named('policy', 60), 'Complete');
    await passes(0, [named('policy', 60), named('policy', 120)]);
  }
});

it('starts only the latest of those that were missed while it was suspended', async () => {
  await make('paused', { suspend: true });
  await passes(5 * hourMs + minuteMs, []);
  await cronJobs().patchMerge('paused', { spec: { suspend: false } });
  await passes(0, [named('paused', 300)]);
});

it('starts none that is later than its deadline', async () => {
  await make('late', { suspend: true, startingDeadlineSeconds: 600 });
  await passes(hourMs + 11 * minuteMs, []);
  await cronJobs().patchMerge('late', { spec: { suspend: false } });
  await passes(minuteMs, []);
  await passes(48 * minuteMs, [named('late', 120)]);
});

it('warns of more than a hundred missed times, and goes on', async () => {
  await make('many', { schedule: '* * * * *', suspend: true });
  await passes(3 * hourMs, []);
  await cronJobs().patchMerge('many', { spec: { suspend: false } });
  await until(async () => expect((await jobNames()).length).toBe(1));
  await until(async () => expect(await reasons()).toContain('TooManyMissedTimes'));
});

it('waits for the next time of a new schedule', async () => {
  await make('moved', { schedule: '0 0 1 1 *' });
  await passes(90 * minuteMs, []);
  await cronJobs().patchMerge('moved', { spec: { schedule: '0 * * * *' } });
  await passes(0, []);
  await passes(30 * minuteMs, [named('moved', 120)]);
});

it('says what is wrong with a schedule that never comes', async () => {
  await make('never', { schedule: '59 23 31 2 *' });
  await until(async () => expect(await reasons()).toEqual(['InvalidSchedule']));
});

it('takes a job by that name that it made before, and forgets one that is gone', async () => {
  await make('lost', {});
  await passes(hourMs, [named('lost', 60)]);
  await until(async () => expect((await status('lost')).active).toHaveLength(1));
  await jobs().delete(named('lost', 60), { propagationPolicy: 'Background' });
  await until(async () => expect((await status('lost')).active ?? []).toEqual([]));
  await until(async () => expect(await reasons()).toContain('MissingJob'));
});
