import { isConditionTrue } from '@kubewright/api';
import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { CronJob, Job } from '@kubewright/api/batch/v1';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import type { Manager } from '@kubewright/controllers';
import { expect, it, vi } from 'vitest';
import { built, equals, explored, ifThere, pods, runsPods, testTimeout } from './explored.js';

vi.setConfig({ testTimeout });

const labels = { app: 'web' };
const template = (image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image }] },
});
const web = {
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: template('one') },
};
const work = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work' }] } };

const replicaSets = (client: Client) => client.resource(ReplicaSet).namespace('default');
const deployments = (client: Client) => client.resource(Deployment).namespace('default');
const jobs = (client: Client) => client.resource(Job).namespace('default');
const cronJobs = (client: Client) => client.resource(CronJob).namespace('default');

async function alive(client: Client): Promise<number> {
  return (await pods(client).list()).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .length;
}

async function noPodIsHeld(client: Client): Promise<void> {
  const held = (await pods(client).list()).items.filter(({ metadata }) => metadata.finalizers);
  equals('held', held.length, 0);
}

it('the ReplicaSet controller keeps as many pods as are wanted', async () => {
  await explored(built(['replicaset-controller']), {
    beside: runsPods(),
    steps: {
      'makes a ReplicaSet of 2': (client) => replicaSets(client).create(web),
      'scales it to 1': (client) => replicaSets(client).scale.patchMerge('web', { spec: { replicas: 1 } }),
      'deletes a pod': async (client) => {
        const [pod] = (await pods(client).list()).items;
        if (pod?.metadata.name !== undefined) await pods(client).delete(pod.metadata.name);
      },
    },
    always: {
      'there are never more pods than two leaders want': async (client) => {
        if ((await alive(client)) > 4) throw new Error(`there are ${await alive(client)}`);
      },
    },
    finally: {
      'one pod is there': async (client) => equals('pods', await alive(client), 1),
      'the status says so': async (client) => {
        const { status } = await replicaSets(client).get('web');
        equals('status', [status?.replicas, status?.readyReplicas], [1, 1]);
      },
    },
  });
});

it('the Deployment controller rolls out, with one ReplicaSet for each template', async () => {
  await explored(built(['deployment-controller', 'replicaset-controller']), {
    beside: runsPods(),
    steps: {
      'makes a Deployment': (client) => deployments(client).create(web),
      'changes its image': (client) =>
        deployments(client).patchStrategic('web', { spec: { template: template('two') } }),
    },
    finally: {
      'all pods are of the new template': async (client) => {
        const images = (await pods(client).list()).items.map(({ spec }) => spec?.containers?.[0]?.image);
        equals('images', images, ['two', 'two']);
      },
      'there are two ReplicaSets': async (client) =>
        equals('replica sets', (await replicaSets(client).list()).items.length, 2),
      'the Deployment is complete': async (client) => {
        const { status, metadata } = await deployments(client).get('web');
        equals(
          'status',
          [status?.observedGeneration, status?.updatedReplicas, status?.availableReplicas],
          [metadata.generation, 2, 2],
        );
      },
    },
  });
});

it('the Job controller counts each pod once', async () => {
  await explored(built(['job-controller']), {
    beside: runsPods('Succeeded'),
    steps: {
      'makes a Job of 3': (client) =>
        jobs(client).create({
          metadata: { name: 'sum' },
          spec: { completions: 3, parallelism: 2, template: work },
        }),
    },
    always: {
      'no more succeeded than were asked for, and one for each leader': async (client) => {
        const job = await ifThere(jobs(client).get('sum'));
        expect(job?.status?.succeeded ?? 0).toBeLessThanOrEqual(5);
      },
    },
    finally: {
      'it is complete': async (client) => {
        const { status } = await jobs(client).get('sum');
        equals('complete', isConditionTrue(status?.conditions, 'Complete'), true);
        equals('noted', status?.uncountedTerminatedPods, {});
      },
      'it counted all that it asked for, and none twice': async (client) => {
        const { succeeded = 0 } = (await jobs(client).get('sum')).status ?? {};
        expect(succeeded).toBeGreaterThanOrEqual(3);
        // What an old leader made when all was done is nobody's.
        expect((await pods(client).list()).items.length).toBeGreaterThanOrEqual(succeeded);
      },
      'no pod is held': noPodIsHeld,
    },
  });
});

it('the Job controller gives every index its pod', async () => {
  await explored(built(['job-controller']), {
    beside: runsPods('Succeeded'),
    steps: {
      'makes an Indexed Job of 2': (client) =>
        jobs(client).create({
          metadata: { name: 'two' },
          spec: { completions: 2, parallelism: 2, completionMode: 'Indexed', template: work },
        }),
    },
    finally: {
      'all indexes are done': async (client) => {
        const { status } = await jobs(client).get('two');
        equals('indexes', [status?.completedIndexes, status?.succeeded], ['0,1', 2]);
        equals('complete', isConditionTrue(status?.conditions, 'Complete'), true);
      },
    },
  });
});

it('the Job controller fails a job with all its pods, and lets go of those of a job that is deleted', async () => {
  await explored(built(['job-controller']), {
    beside: runsPods(),
    steps: {
      'makes a Job that is short of time': (client) =>
        jobs(client).create({
          metadata: { name: 'late' },
          spec: { parallelism: 2, completions: 2, activeDeadlineSeconds: 5, template: work },
        }),
      'makes another': (client) =>
        jobs(client).create({ metadata: { name: 'gone' }, spec: { template: work } }),
      'deletes that one': (client) => jobs(client).delete('gone', { propagationPolicy: 'Background' }),
    },
    finally: {
      'the first has failed': async (client) => {
        const { status } = await jobs(client).get('late');
        equals('failed', isConditionTrue(status?.conditions, 'Failed'), true);
      },
      'no pod is held': noPodIsHeld,
    },
  });
});

/** Jobs end as soon as they are there; each run of one is written down. */
const runsJobs = (manager: Manager): void => {
  manager.controller(Job, { name: 'runner' }).reconcile(async ({ name, namespace }, { client }) => {
    const all = client.resource(Job).namespace(namespace);
    const job = await ifThere(all.get(name));
    if (job === undefined || job.status?.completionTime !== undefined) return undefined;
    const { creationTimestamp: time, uid = '' } = job.metadata;
    const runs = client.resource(ConfigMap).namespace(namespace);
    const before = (await runs.get('runs')).data?.[name] ?? '';
    if (!before.includes(uid)) await runs.patchMerge('runs', { data: { [name]: `${before} ${uid}`.trim() } });
    const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: time });
    await all.status.patchMerge(name, {
      status: {
        startTime: time,
        completionTime: time,
        conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
      },
    });
    return undefined;
  });
};

const withRunningJobs = {
  prepare: async (client: Client) => {
    await client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'runs' } });
  },
  beside: runsJobs,
};

it('the CronJob controller starts one job a minute, whatever happens', async () => {
  await explored(
    built(['cronjob-controller']),
    {
      ...withRunningJobs,
      steps: {
        'makes a CronJob': (client) =>
          cronJobs(client).create({
            metadata: { name: 'tick' },
            spec: {
              schedule: '* * * * *',
              timeZone: 'UTC',
              concurrencyPolicy: 'Forbid',
              successfulJobsHistoryLimit: 1,
              jobTemplate: { spec: { template: work } },
            },
          }),
      },
      always: {
        'no minute has two runs': async (client) => {
          const { data = {} } = await client.resource(ConfigMap).namespace('default').get('runs');
          for (const [name, uids] of Object.entries(data)) equals(name, uids.split(' ').length, 1);
        },
      },
      finally: {
        'each minute had its run, and the last job is kept': async (client) => {
          const { data = {} } = await client.resource(ConfigMap).namespace('default').get('runs');
          const minute = Date.UTC(2026, 0, 1) / 60_000;
          const names = [1, 2, 3].map((after) => `tick-${minute + after}`);
          equals('runs', Object.keys(data).sort(), names);
          const { items } = await jobs(client).list();
          equals(
            'jobs',
            items.map(({ metadata }) => metadata.name),
            names.slice(-1),
          );
        },
        'none is active': async (client) =>
          equals('active', (await cronJobs(client).get('tick')).status?.active ?? [], []),
      },
    },
    { restMs: 210_000 },
  );
});

it('a finished job goes when its time is over', async () => {
  await explored(built(['ttl-after-finished-controller']), {
    ...withRunningJobs,
    steps: {
      'makes two jobs': async (client) => {
        const spec = { template: work };
        await jobs(client).create({
          metadata: { name: 'brief' },
          spec: { ...spec, ttlSecondsAfterFinished: 5 },
        });
        await jobs(client).create({ metadata: { name: 'stays' }, spec });
      },
    },
    finally: {
      'one is left': async (client) => {
        const left = (await jobs(client).list()).items.filter(
          ({ metadata }) => metadata.deletionTimestamp === undefined,
        );
        equals(
          'jobs',
          left.map(({ metadata }) => metadata.name),
          ['stays'],
        );
      },
    },
  });
});
