import { controllerOf, formatTime, labelRequirements, matchesLabels, selectorMatches } from '@kubewright/api';
import { Job, type JobCondition, type JobStatus } from '@kubewright/api/batch/v1';
import { Pod } from '@kubewright/api/core/v1';
import { claim } from '../framework/claim.js';
import type { Manager } from '../framework/manager.js';
import { keyOf, nameOf } from '../framework/object-name.js';
import { OwnWrites } from '../framework/own-writes.js';
import type { ReconcileContext, ReconcileResult } from '../framework/reconcile.js';
import { updateStatus } from '../framework/status.js';
import { isPodReady } from '../pods/pod-state.js';
import { type OwnedPods, ownedPods, PodWriter } from '../pods/pod-writer.js';
import { slowStart } from '../pods/slow-start.js';
import { finishedType, isSuspended, jobCondition, withJobCondition } from './job-conditions.js';
import { deadlineInMs, endingCondition, isComplete } from './job-ending.js';
import { type JobObservation, observeJob } from './job-observation.js';
import { isTracked, trackingFinalizer } from './job-pod.js';
import { type JobPodPlan, planJobPods } from './job-pod-plan.js';
import { indexedGenerateName, indexedPodTemplate, jobPodTemplate } from './job-pod-template.js';
import { countReleased, finishedStatus, planTracking, storedStatus } from './job-tracking.js';
import { backoffMs, type FailureRecord, withEnded } from './pod-backoff.js';
import { StrayPods } from './stray-pods.js';

/** How soon a reconcile comes back that found its cache behind its own writes; the watch mostly wakes it sooner. */
const behindMs = 1000;

/** Runs pods until enough of them have succeeded. Source: the Kubernetes page on Jobs, upstream's controller. */
export function addJobController(manager: Manager): void {
  const jobs = manager.informer(Job);
  const pods = ownedPods(manager);
  const strays = new StrayPods(manager);
  const parts: JobParts = {
    pods,
    writer: new PodWriter(Job, pods, manager),
    own: new OwnWrites(jobs, { clock: manager.clock }),
    records: new Map(),
  };
  manager
    .controller(Job, {
      name: 'job-controller',
      concurrency: 5,
      baseDelayMs: 1000,
      maxDelayMs: 60_000,
    })
    .owns(Pod)
    .watches(Pod, (pod) => strays.namesFor(pod))
    .watches(Pod, (pod) =>
      controllerOf(pod) !== undefined
        ? []
        : jobs
            .list(pod.metadata.namespace)
            .filter(({ spec }) => selectorMatches(spec?.selector, pod.metadata.labels))
            .map(nameOf),
    )
    .reconcile(async (name, context) => {
      const key = keyOf(name);
      const job = jobs.get(name.name, name.namespace);
      if (job === undefined) {
        parts.writer.forget(key);
        parts.own.forget(key);
      }
      if (job === undefined || finishedType(job) !== undefined) parts.records.delete(key);
      const isOurs =
        (job?.spec?.managedBy ?? 'kubernetes.io/job-controller') === 'kubernetes.io/job-controller';
      if (!isOurs) return undefined;
      if (job !== undefined && !(await isUpToDate(job, parts, context))) return { requeueAfterMs: behindMs };
      const result =
        job === undefined || finishedType(job) !== undefined
          ? undefined
          : await new JobRun(job, parts, context).reconcile();
      await strays.release(name, job, context);
      return result;
    });
}

interface JobParts {
  readonly pods: OwnedPods;
  readonly writer: PodWriter<Job>;
  readonly own: OwnWrites<Job>;
  /** Of each job, by key, how often its pods failed: lost with the process, after which pods are replaced sooner. */
  readonly records: Map<string, FailureRecord>;
}

async function isUpToDate(job: Job, { writer, own }: JobParts, context: ReconcileContext): Promise<boolean> {
  return own.seen(keyOf(nameOf(job))) && (await writer.upToDate(job, context));
}

/** One look at a job that has not ended. */
class JobRun {
  #job: Job;
  readonly #parts: JobParts;
  readonly #context: ReconcileContext;
  readonly #now: number;
  #fault: { readonly error: unknown } | undefined;

  constructor(job: Job, parts: JobParts, context: ReconcileContext) {
    this.#job = job;
    this.#parts = parts;
    this.#context = context;
    this.#now = context.clock.now();
  }

  async reconcile(): Promise<ReconcileResult | undefined> {
    const { records } = this.#parts;
    const key = keyOf(nameOf(this.#job));
    const seen = observeJob(this.#job, await this.#claimPods());
    const status: JobStatus = { ...this.#job.status };
    if (status.startTime === undefined && !isSuspended(this.#job)) status.startTime = formatTime(this.#now);
    const record = withEnded(records.get(key), seen.newSucceeded, seen.newFailed);
    let ending = endingCondition(seen, status, this.#now);
    let waitMs = ending === undefined ? deadlineInMs(this.#job, status, this.#now) : undefined;
    const counts = { active: seen.active.length, ready: seen.ready, terminating: seen.terminating };
    if (ending !== undefined) {
      await this.#remove(seen.active, counts, { keepsFinalizer: true });
      // Pods that are still there could yet be counted.
      if (this.#fault !== undefined) ending = undefined;
    } else if (this.#job.metadata.deletionTimestamp === undefined) {
      const plan = planJobPods(seen, backoffMs(record, this.#now), this.#now);
      await this.#carryOut(plan, seen, counts);
      waitMs = sooner(waitMs, plan.waitMs);
      if (isComplete(seen, counts.active)) {
        const message = 'Reached expected number of succeeded pods';
        ending = jobCondition('SuccessCriteriaMet', { reason: 'CompletionsReached', message }, this.#now);
      } else this.#suspendOrResume(status);
    }
    Object.assign(status, counts);
    const isFull = await this.#track(seen, status, { ending, remember: () => records.set(key, record) });
    if (this.#fault !== undefined) throw this.#fault.error;
    return { requeueAfterMs: isFull ? 0 : waitMs };
  }

  #claimPods(): Promise<Pod[]> {
    const { client, signal } = this.#context;
    const { uid = '', namespace = '' } = this.#job.metadata;
    const requirements = labelRequirements(this.#job.spec?.selector);
    return claim({
      owner: this.#job,
      ownerKind: Job,
      owners: client.resource(Job),
      resource: client.resource(Pod),
      candidates: [
        ...this.#parts.pods.byIndex('controller', uid),
        ...this.#parts.pods.byIndex('orphans', namespace),
      ],
      matches: ({ metadata }) => matchesLabels(requirements, metadata.labels),
      finalizers: [trackingFinalizer],
      signal,
    });
  }

  /** Creates or deletes pods as planned, and counts what came of it. */
  async #carryOut(plan: JobPodPlan, seen: JobObservation, counts: PodCounts): Promise<void> {
    await this.#remove(plan.remove, counts, { keepsFinalizer: false });
    const { writer } = this.#parts;
    const template = jobPodTemplate(this.#job);
    const indexes = typeof plan.create === 'number' ? [] : [...plan.create];
    const count = typeof plan.create === 'number' ? plan.create : plan.create.length;
    const { succeeded, error } = await slowStart(count, () => {
      const index = indexes.shift();
      if (index === undefined) return writer.create(this.#job, template, this.#context);
      const replaced = seen.indexes?.replaced.get(index);
      return writer.create(
        this.#job,
        indexedPodTemplate(this.#job, index, replaced),
        this.#context,
        indexedGenerateName(this.#job, index),
      );
    });
    counts.active += succeeded;
    if (error !== undefined) this.#fault ??= { error };
  }

  async #remove(
    pods: readonly Pod[],
    counts: PodCounts,
    { keepsFinalizer }: { readonly keepsFinalizer: boolean },
  ): Promise<void> {
    const { writer } = this.#parts;
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        // What is given up is not counted, so nothing has to keep it.
        if (!keepsFinalizer && isTracked(pod))
          await writer.removeFinalizer(this.#job, pod, trackingFinalizer, this.#context);
        await writer.delete(this.#job, pod, this.#context);
        counts.active -= 1;
        counts.terminating += 1;
        if (isPodReady(pod)) counts.ready -= 1;
      }),
    );
    for (const result of results) if (result.status === 'rejected') this.#fault ??= { error: result.reason };
  }

  #suspendOrResume(status: JobStatus): void {
    const { events } = this.#context;
    const before = status.conditions ?? [];
    const after = isSuspended(this.#job)
      ? jobCondition('Suspended', { reason: 'JobSuspended', message: 'Job suspended' }, this.#now)
      : jobCondition('Suspended', { reason: 'JobResumed', message: 'Job resumed' }, this.#now, 'False');
    const conditions = withJobCondition(before, after);
    if (conditions === before) return;
    status.conditions = [...conditions];
    // The time that a job may be active counts from when it goes on.
    if (isSuspended(this.#job)) {
      delete status.startTime;
      events.normal(this.#job, 'Suspended', 'Job suspended');
    } else {
      status.startTime = formatTime(this.#now);
      events.normal(this.#job, 'Resumed', 'Job resumed');
    }
  }

  /** @returns whether there is more to be counted than fits into one look */
  async #track(
    seen: JobObservation,
    status: JobStatus,
    { ending, remember }: { readonly ending: JobCondition | undefined; readonly remember: () => void },
  ): Promise<boolean> {
    const { noted, release, isFull } = planTracking(seen, status, ending);
    await this.#write(noted);
    remember();
    const released = await this.#release(release);
    const left = seen.pods.filter((pod) => !released.has(pod));
    const counted = countReleased(noted, left);
    const finished =
      ending === undefined || isFull || this.#fault !== undefined
        ? undefined
        : finishedStatus(counted, ending, this.#now);
    await this.#write(finished ?? counted);
    if (finished !== undefined) this.#tellEnd(finished);
    return isFull;
  }

  async #release(pods: readonly Pod[]): Promise<ReadonlySet<Pod>> {
    const { writer } = this.#parts;
    const released = new Set<Pod>();
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        await writer.removeFinalizer(this.#job, pod, trackingFinalizer, this.#context);
        released.add(pod);
      }),
    );
    for (const result of results) if (result.status === 'rejected') this.#fault ??= { error: result.reason };
    return released;
  }

  async #write(status: JobStatus): Promise<void> {
    const { client, signal } = this.#context;
    const written = await updateStatus(client.resource(Job), this.#job, storedStatus(status), { signal });
    if (written === this.#job) return;
    this.#job = written;
    this.#parts.own.stored(keyOf(nameOf(written)), written);
  }

  #tellEnd({ conditions, succeeded = 0 }: JobStatus): void {
    const { events } = this.#context;
    const { completions } = this.#job.spec ?? {};
    if (finishedType(this.#job) === 'Complete') {
      if (completions !== undefined && succeeded > completions)
        events.warning(
          this.#job,
          'TooManySucceededPods',
          'Too many succeeded pods running after completion count reached',
        );
      events.normal(this.#job, 'Completed', 'Job completed');
      return;
    }
    const failed = conditions?.find(({ type }) => type === 'Failed');
    events.warning(this.#job, failed?.reason ?? '', failed?.message ?? '');
  }
}

interface PodCounts {
  active: number;
  ready: number;
  terminating: number;
}

function sooner(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
