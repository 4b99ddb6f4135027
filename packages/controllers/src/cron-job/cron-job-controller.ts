import { controllerOf, isAlreadyExists, isControlledBy, isNotFound, ownerReference } from '@kubewright/api';
import { CronJob, type CronJobStatus, Job } from '@kubewright/api/batch/v1';
import { referenceTo } from '../framework/events/event-recorder.js';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf } from '../framework/object-name.js';
import { OwnWrites } from '../framework/own-writes.js';
import type { ObjectEvent } from '../framework/predicate.js';
import type { ReconcileContext, ReconcileResult } from '../framework/reconcile.js';
import { updateStatus } from '../framework/status.js';
import { finishedType } from '../job/job-conditions.js';
import { isNamespaceTerminating } from '../namespace/namespace-terminating.js';
import type { Schedule } from './cron-schedule.js';
import { jobName, jobOfCronJob } from './job-of-cron-job.js';
import { missedSchedules, startableSince, untilNext } from './missed-schedules.js';
import { oldestJobs } from './oldest-jobs.js';
import { scheduleOf } from './schedule-of.js';

/** How soon a reconcile comes back that found its cache behind its own writes; the watch mostly wakes it sooner. */
const behindMs = 1000;

/** Starts a job whenever a CronJob's schedule says so. Source: the Kubernetes page on CronJobs, upstream's controller. */
export function addCronJobController(manager: Manager): void {
  const cronJobs = manager.informer(CronJob);
  const jobs = manager.informer(Job, {
    indexes: { controller: (job: Job) => [controllerOf(job)?.uid ?? ''] },
  });
  const own = new OwnWrites(cronJobs, { clock: manager.clock });
  const controller = manager
    .controller(CronJob, {
      name: 'cronjob-controller',
      concurrency: 5,
      // A new schedule starts nothing for times that only the old one lacked.
      predicates: [(event) => !isRescheduled(event)],
    })
    .owns(Job)
    .reconcile(async (key, context) => {
      const cronJob = cronJobs.get(key.name, key.namespace);
      if (cronJob === undefined) {
        own.forget(keyOf(key));
        return undefined;
      }
      if (!own.seen(keyOf(key))) return { requeueAfterMs: behindMs };
      const run = new CronJobRun(cronJob, jobs.byIndex('controller', cronJob.metadata.uid ?? ''), context);
      let result: ReconcileResult | undefined;
      try {
        result = await run.reconcile();
      } finally {
        const { client, signal } = context;
        const written = await updateStatus(client.resource(CronJob), cronJob, run.status, { signal });
        if (written !== cronJob) own.stored(keyOf(key), written);
      }
      return result;
    });
  cronJobs.on({
    update: (object, previous) => {
      if (!isRescheduled({ type: 'modified', object, previous })) return;
      const schedule = scheduleOf(object);
      // What can't be read is told at once; the rest waits for the new schedule's next time.
      const waitMs = schedule instanceof Error ? 0 : waitFor(object, schedule, manager.clock.now());
      controller.enqueueAfter(keyOf(nameOf(object)), waitMs ?? 0);
    },
  });
}

function isRescheduled({ type, object, previous }: ObjectEvent<CronJob>): boolean {
  return (
    type === 'modified' &&
    (object.spec.schedule !== previous.spec.schedule || object.spec.timeZone !== previous.spec.timeZone)
  );
}

/** The wait until the next time; at once for a schedule that has none, which the reconcile tells. */
function waitFor(cronJob: CronJob, schedule: Schedule, now: number): number | undefined {
  try {
    return untilNext(cronJob, schedule, now);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** One look at a CronJob: `status` is what it is to be afterwards, also where the look ends with an error. */
class CronJobRun {
  readonly status: CronJobStatus;
  readonly #cronJob: CronJob;
  readonly #jobs: readonly Job[];
  readonly #context: ReconcileContext;

  /** @param jobs all that the CronJob controls */
  constructor(cronJob: CronJob, jobs: readonly Job[], context: ReconcileContext) {
    this.#cronJob = cronJob;
    this.#jobs = jobs;
    this.#context = context;
    this.status = { ...cronJob.status };
  }

  async reconcile(): Promise<ReconcileResult | undefined> {
    await this.#deleteOld();
    for (const job of this.#jobs) this.#see(job);
    await this.#forgetMissing();
    const { spec, metadata } = this.#cronJob;
    if (metadata.deletionTimestamp !== undefined) return undefined;
    const { events } = this.#context;
    const schedule = scheduleOf(this.#cronJob, (reason, message) =>
      events.warning(this.#cronJob, reason, message),
    );
    if (schedule instanceof Error || spec.suspend === true) return undefined;
    return this.#start(schedule);
  }

  /** Takes note of how a job stands. */
  #see(job: Job): void {
    const { events } = this.#context;
    const { uid, name } = job.metadata;
    const isActive = (this.status.active ?? []).some((each) => each.uid === uid);
    const ended = finishedType(job);
    if (ended === undefined) {
      if (!isActive)
        events.warning(
          this.#cronJob,
          'UnexpectedJob',
          `Saw a job that the controller did not create or forgot: ${name}`,
        );
      return;
    }
    if (isActive) {
      this.#forget(uid);
      events.normal(this.#cronJob, 'SawCompletedJob', `Saw completed job: ${name}, condition: ${ended}`);
    }
    const completed = ended === 'Complete' ? job.status?.completionTime : undefined;
    const { lastSuccessfulTime: last } = this.status;
    if (completed !== undefined && (last === undefined || Date.parse(completed) > Date.parse(last)))
      this.status.lastSuccessfulTime = completed;
  }

  /** An active job that is not in the cache may be new; only the server knows that it is gone. */
  async #forgetMissing(): Promise<void> {
    const { events, client, signal } = this.#context;
    const known = new Set(this.#jobs.map(({ metadata }) => metadata.uid));
    for (const { uid, name = '', namespace } of this.status.active ?? []) {
      if (known.has(uid)) continue;
      try {
        const found = await client.resource(Job).namespace(namespace).get(name, { signal });
        if (found.metadata.uid === uid) continue;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      events.normal(this.#cronJob, 'MissingJob', `Active job went missing: ${name}`);
      this.#forget(uid);
    }
  }

  /** Starts the job that is due, if one is. */
  async #start(schedule: Schedule): Promise<ReconcileResult | undefined> {
    const { events, clock } = this.#context;
    const now = clock.now();
    const { startingDeadlineSeconds: deadline, concurrencyPolicy } = this.#cronJob.spec;
    const due = this.#due(schedule, now);
    if (due === 'never') return undefined;
    const later = () => ({
      requeueAfterMs: untilNext({ ...this.#cronJob, status: this.status }, schedule, now),
    });
    if (due === undefined) return later();
    if (deadline !== undefined && due + deadline * 1000 < now) {
      const at = new Date(due).toUTCString().replace('GMT', '+0000');
      events.warning(this.#cronJob, 'MissSchedule', `Missed scheduled time to start a job: ${at}`);
      return later();
    }
    const name = jobName(this.#cronJob, due);
    const isStarted =
      (this.status.active ?? []).some((each) => each.name === name) ||
      Date.parse(this.status.lastScheduleTime ?? '') === due;
    if (isStarted) return later();
    if (concurrencyPolicy === 'Forbid' && (this.status.active ?? []).length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      events.normal(this.#cronJob, 'JobAlreadyActive', message);
      return later();
    }
    if (concurrencyPolicy === 'Replace') await this.#deleteActive();
    await this.#create(due);
    return later();
  }

  /** The latest time that was missed; `never` for a schedule that has no times. */
  #due(schedule: Schedule, now: number): number | undefined | 'never' {
    const { events } = this.#context;
    try {
      const since = startableSince(this.#cronJob, now);
      const { latest, isMany } = missedSchedules(schedule, since, now);
      if (latest !== undefined && isMany)
        events.warning(
          this.#cronJob,
          'TooManyMissedTimes',
          'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
        );
      return latest;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const { schedule: text } = this.#cronJob.spec;
      events.warning(this.#cronJob, 'InvalidSchedule', `invalid schedule: ${text} : ${error.message}`);
      return 'never';
    }
  }

  /** The job's name is that of its time, so that however often this is done there is one. */
  async #create(due: number): Promise<void> {
    const { events, client, signal } = this.#context;
    const wanted = jobOfCronJob(this.#cronJob, due, ownerReference(CronJob, this.#cronJob, true));
    const resource = client.resource(Job).namespace(this.#cronJob.metadata.namespace);
    let job: Job;
    try {
      job = await resource.create(wanted, { signal });
      events.normal(this.#cronJob, 'SuccessfulCreate', `Created job ${job.metadata.name}`);
    } catch (error) {
      if (!isAlreadyExists(error)) {
        const message = `Error creating job: ${messageOf(error)}`;
        if (!isNamespaceTerminating(error)) events.warning(this.#cronJob, 'FailedCreate', message);
        throw error;
      }
      // Created before, by a process that did not get to say so; or by somebody else, whose it stays.
      job = await resource.get(wanted.metadata.name ?? '', { signal });
      if (!isControlledBy(job, this.#cronJob)) return;
    }
    this.status.active = [...(this.status.active ?? []), referenceTo(job)];
    this.status.lastScheduleTime = new Date(due).toISOString().replace('.000Z', 'Z');
  }

  async #deleteActive(): Promise<void> {
    const { events, client, signal } = this.#context;
    for (const { name = '', namespace } of this.status.active ?? []) {
      let job: Job;
      try {
        job = await client.resource(Job).namespace(namespace).get(name, { signal });
      } catch (error) {
        events.warning(this.#cronJob, 'FailedGet', `Get job: ${messageOf(error)}`);
        throw error;
      }
      await this.#delete(job);
    }
  }

  /** Deletes finished jobs beyond the limits of the history. */
  async #deleteOld(): Promise<void> {
    for (const job of oldestJobs(this.#cronJob, this.#jobs)) await this.#delete(job);
  }

  async #delete(job: Job): Promise<void> {
    const { events, client, signal } = this.#context;
    const { name = '', namespace, uid } = job.metadata;
    if (job.metadata.deletionTimestamp === undefined) {
      try {
        await client
          .resource(Job)
          .namespace(namespace)
          .delete(name, {
            propagationPolicy: 'Background',
            signal,
            ...(uid === undefined ? {} : { preconditions: { uid } }),
          });
        events.normal(this.#cronJob, 'SuccessfulDelete', `Deleted job ${name}`);
      } catch (error) {
        if (!isNotFound(error)) {
          events.warning(this.#cronJob, 'FailedDelete', `Deleted job: ${messageOf(error)}`);
          throw error;
        }
      }
    }
    this.#forget(uid);
  }

  #forget(uid: string | undefined): void {
    if (this.status.active?.some((each) => each.uid === uid))
      this.status.active = this.status.active.filter((each) => each.uid !== uid);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
