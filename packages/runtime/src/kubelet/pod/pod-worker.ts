import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isConflict, isNotFound } from '@kubewright/api';
import { type Container, Pod, type PodStatus } from '@kubewright/api/core/v1';
import { sleep } from '@kubewright/client';
import type { DownwardFacts } from '../env/downward-api.js';
import { PodProbes, probeTargets } from '../probe/pod-probes.js';
import { runProbe } from '../probe/run-probe.js';
import { PodTokens } from '../volume/pod-tokens.js';
import { setUpVolumes, tearDownVolumes, type VolumePaths } from '../volume/pod-volumes.js';
import { referredConfig, VolumeError } from '../volume/projection.js';
import { BackOff } from './back-off.js';
import { desireOf } from './desire.js';
import { collectGarbage } from './garbage.js';
import { killContainer, killPod } from './kill-pod.js';
import { makeSandbox } from './make-sandbox.js';
import { type ContainerStart, containerHash, type PodPlan, planPod } from './plan.js';
import { containerPath, type PodContext, podLabel } from './pod-context.js';
import { errImagePull, PullBackOff } from './pull-back-off.js';
import { historyOf, observePod, type PodRuntimeState, usableSandbox } from './runtime-state.js';
import { hostsFileText } from './sandbox-config.js';
import { startContainer } from './start-container.js';
import { isTerminal, podStatus, type StatusFacts, type WaitingReason } from './status.js';
import { TerminationMessages } from './termination-message.js';

/** A pod is looked at this often even where nothing is heard of it. */
const resyncMs = 60_000;
/** How soon a failed step is tried again, doubled up to the second figure. */
const retryMs = { first: 1_000, most: 60_000 };
/** How long the state of ConfigMaps and Secrets is waited for before the volumes are reported as failing. */
const configWaitMs = 10_000;

/**
 * Brings one pod to what is desired of it, one step after the other, and ends it. Everything that happens (an update, a
 * container's end, a probe's verdict, a changed ConfigMap) only wakes it; what to do is always planned anew from the
 * whole state.
 */
export class PodWorker {
  /** Resolves when nothing of the pod is left and nothing more will be done for it. */
  readonly done: Promise<void>;
  readonly #context: PodContext;
  readonly #probes: PodProbes;
  readonly #backOff = new BackOff();
  readonly #pulls = new PullBackOff();
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #messages: TerminationMessages;
  readonly #tokens: PodTokens;
  /** What was said once of sources of volumes that are left out. */
  readonly #skipped = new Set<string>();
  /** Aborted when the pod is to end: a hook or the making of a sandbox is left off. */
  readonly #ending = new AbortController();
  /** Aborted when containers are to die at once. */
  #hurry = new AbortController();
  readonly #closing = new AbortController();
  #pod: Pod;
  #removed = false;
  #failure: StatusFacts['failure'];
  #stoppingGrace: number | undefined;
  #dirty = true;
  #wakeUp: (() => void) | undefined;
  #failures = 0;
  #status: PodStatus = {};

  constructor(context: PodContext, pod: Pod) {
    this.#context = context;
    this.#pod = pod;
    this.#messages = new TerminationMessages(context.directories);
    this.#tokens = new PodTokens(context.client, context.clock);
    this.#probes = new PodProbes({
      clock: context.clock,
      check: (probe, target) => runProbe(context.runtime, probe, target),
      onChange: () => this.wake(),
      onFailure: (container, kind, output) =>
        context.events.record(this.#pod, {
          type: 'Warning',
          reason: 'Unhealthy',
          message: `${kind[0]!.toUpperCase()}${kind.slice(1)} probe failed: ${output}`,
          fieldPath: containerPath(this.#pod, container.name),
        }),
    });
    this.done = this.#run();
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The status as last computed, which the API server may not have yet. */
  get status(): PodStatus {
    return this.#status;
  }

  /** Takes the pod's new state. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    const grace = pod.metadata.deletionGracePeriodSeconds;
    if (pod.metadata.deletionTimestamp !== undefined) this.#end(grace);
    // The echo of a status that was just reported asks for nothing.
    if (desireOf(pod) !== desireOf(before)) this.wake();
  }

  /** The pod is gone from the API server: what is left of it goes too. */
  remove(): void {
    this.#removed = true;
    this.#end(this.#pod.metadata.deletionGracePeriodSeconds ?? undefined);
    this.wake();
  }

  /** Something has changed. */
  wake(): void {
    this.#dirty = true;
    this.#wakeUp?.();
  }

  /** Stops working on the pod; its containers stay as they are. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the kubelet is closing'));
    this.#ending.abort(this.#closing.signal.reason);
    this.#hurry.abort(this.#closing.signal.reason);
    this.#probes.close();
    this.#wakeUp?.();
    await this.done;
  }

  #end(graceSeconds: number | undefined): void {
    this.#ending.abort(new Error('the pod is being deleted'));
    // A second deletion may shorten what is left of the first one's grace.
    if (
      this.#stoppingGrace !== undefined &&
      graceSeconds !== undefined &&
      graceSeconds < this.#stoppingGrace
    ) {
      this.#stoppingGrace = graceSeconds;
      this.#hurry.abort(new Error('the grace period was shortened'));
      this.#shorten(graceSeconds).catch((error: unknown) => this.#log(error, 'a stop could not be hurried'));
    }
  }

  async #shorten(graceSeconds: number): Promise<void> {
    const state = await observePod(this.#context.runtime, this.#pod.metadata.uid ?? '');
    await Promise.all(
      state.containers
        .filter((container) => container.state === 'running')
        .map((container) => this.#context.runtime.stopContainer(container.id, graceSeconds)),
    );
  }

  async #run(): Promise<void> {
    const { clock } = this.#context;
    while (!this.#closing.signal.aborted) {
      this.#dirty = false;
      let waitMs: number | 'finished';
      const failures = this.#failures;
      try {
        waitMs = this.#isEnding() ? await this.#terminate() : await this.#sync();
        if (this.#failures === failures) this.#failures = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        waitMs = this.#retryDelay();
        if (!this.#ending.signal.aborted) this.#log(error, 'a pod could not be synchronised');
      }
      if (waitMs === 'finished') {
        this.#probes.close();
        this.#context.config.release(this.#pod.metadata.uid ?? '');
        return;
      }
      await this.#pause(clock.now() + waitMs);
    }
  }

  /** Until that time, or until something wakes it. */
  async #pause(until: number): Promise<void> {
    if (this.#dirty || this.#closing.signal.aborted) return;
    const { clock } = this.#context;
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(Math.max(0, until - clock.now()), resolve);
      this.#wakeUp = () => {
        cancel();
        resolve();
      };
    });
    this.#wakeUp = undefined;
  }

  #isEnding(): boolean {
    return this.#removed || this.#pod.metadata.deletionTimestamp !== undefined || this.#failure !== undefined;
  }

  /** One step towards what is desired. Answers after how many milliseconds to look again. */
  async #sync(): Promise<number> {
    const pod = this.#pod;
    const { runtime } = this.#context;
    const uid = pod.metadata.uid ?? '';
    let state = await observePod(runtime, uid);
    if (isTerminal(pod.status?.phase)) {
      await this.#kill(state);
      return resyncMs;
    }
    const deadline = this.#deadlineMs();
    if (deadline <= 0) {
      this.#failure = {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      };
      return 0;
    }
    const plan = planPod(pod, state, this.#probes);
    let retryAfter = resyncMs;
    if (plan.killPod) {
      if (plan.sandboxAttempt !== undefined && state.sandboxes.length > 0)
        this.#event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await this.#kill(state);
    }
    await this.#killUnhealthy(plan);
    // What runs already is told about before what may take long.
    await this.#observe(pod);
    const volumes = await this.#volumes(pod, state);
    if (volumes === undefined) retryAfter = this.#retryDelay();
    else if (plan.sandboxAttempt !== undefined || plan.start.length > 0)
      retryAfter = await this.#start(pod, { plan, state, volumes });
    state = await this.#observe(pod);
    await collectGarbage(this.#context, pod, state);
    return Math.min(retryAfter, deadline, resyncMs);
  }

  /** Milliseconds until `activeDeadlineSeconds` have passed. */
  #deadlineMs(): number {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    const start = this.#pod.status?.startTime;
    if (seconds === undefined || start === undefined) return Number.POSITIVE_INFINITY;
    return Date.parse(start) + seconds * 1000 - this.#context.clock.now();
  }

  async #kill(state: PodRuntimeState): Promise<void> {
    await killPod(this.#context, this.#pod, {
      state,
      graceSeconds: this.#pod.spec?.terminationGracePeriodSeconds ?? 30,
      hurry: this.#hurry.signal,
      signal: this.#closing.signal,
    });
  }

  async #killUnhealthy(plan: PodPlan): Promise<void> {
    const pod = this.#pod;
    await Promise.all(
      plan.kill.map(({ status, container, because }) => {
        const probe = because === 'startup' ? container.startupProbe : container.livenessProbe;
        const ofProbe = because === 'changed' ? undefined : probe?.terminationGracePeriodSeconds;
        return killContainer(this.#context, pod, {
          status,
          graceSeconds: ofProbe ?? pod.spec?.terminationGracePeriodSeconds ?? 30,
          message:
            because === 'changed'
              ? `Container ${container.name} definition changed, will be restarted`
              : `Container ${container.name} failed ${because} probe, will be restarted`,
          hurry: this.#hurry.signal,
          signal: this.#closing.signal,
        });
      }),
    );
  }

  /** Makes the volumes or brings them up to date; undefined where that failed, which an event then says. */
  async #volumes(pod: Pod, state: PodRuntimeState): Promise<VolumePaths | undefined> {
    const { config, clock, directories } = this.#context;
    const { namespace = '', uid = '' } = pod.metadata;
    try {
      const synced = config.need(uid, namespace, referredConfig(pod)).then(() => true);
      const late = sleep(clock, configWaitMs, this.#ending.signal).then(() => false);
      if (!(await Promise.race([synced, late])))
        throw new VolumeError('timed out waiting for the state of the ConfigMaps and Secrets of the pod');
      return await setUpVolumes(pod, {
        podDirectory: directories.ofPod(uid),
        config: config.source(namespace),
        facts: this.#facts(usableSandbox(pod, state)?.ips ?? []),
        tokens: this.#tokens,
        now: new Date(clock.now()),
        onSkipped: (message) => {
          if (this.#skipped.has(message)) return;
          this.#skipped.add(message);
          this.#event('Warning', 'VolumeSourceSkipped', message);
        },
      });
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      this.#event('Warning', 'FailedMount', error.message);
      return undefined;
    }
  }

  /** Makes the sandbox where there is none, and starts what is due. Answers when to look again. */
  async #start(
    pod: Pod,
    { plan, state, volumes }: { plan: PodPlan; state: PodRuntimeState; volumes: VolumePaths },
  ): Promise<number> {
    const { directories, config, services } = this.#context;
    const { namespace = '', uid = '' } = pod.metadata;
    const sandbox =
      plan.sandboxAttempt === undefined
        ? usableSandbox(pod, state)
        : await makeSandbox(this.#context, pod, {
            attempt: plan.sandboxAttempt,
            signal: this.#ending.signal,
          });
    if (sandbox === undefined) return this.#retryDelay();
    const ips = pod.spec?.hostNetwork ? this.#context.hostIPs : sandbox.ips;
    await mkdir(directories.ofPod(uid), { recursive: true });
    await writeFile(directories.hostsFile(uid), hostsFileText(pod, ips));
    let retryAfter = resyncMs;
    for (const start of plan.start) {
      if (this.#ending.signal.aborted) break;
      const delay = this.#backOffOf(pod, start, state) || this.#pullBackOffOf(start.container);
      if (delay > 0) {
        retryAfter = Math.min(retryAfter, delay);
        continue;
      }
      await mkdir(join(directories.logsOfPod(pod), start.container.name), { recursive: true });
      const waiting = await startContainer(this.#context, pod, {
        ...start,
        target: {
          sandbox,
          podIP: ips[0] ?? '127.0.0.1',
          signal: this.#ending.signal,
          config: {
            directories,
            volumes,
            services: services(),
            config: config.source(namespace),
            facts: this.#facts(ips),
          },
        },
      });
      if (waiting === undefined) this.#waiting.delete(start.container.name);
      else {
        this.#waiting.set(start.container.name, waiting);
        const pull = waiting.reason === errImagePull;
        if (pull) this.#pulls.failed(start.container, waiting.message ?? '', this.#context.clock.now());
        retryAfter = Math.min(retryAfter, pull ? retryMs.first : this.#retryDelay());
      }
    }
    return retryAfter;
  }

  /** Milliseconds that a restart has still to wait; 0 when it may happen, which is then noted. */
  #backOffOf(pod: Pod, { container }: ContainerStart, state: PodRuntimeState): number {
    const { newest } = historyOf(pod, container.name, state);
    if (newest === undefined || newest.state !== 'exited') return 0;
    const key = `${container.name}/${containerHash(container)}`;
    const failedAt = (newest.finishedAt ?? newest.createdAt).getTime();
    const remaining = this.#backOff.remainingMs(key, failedAt, this.#context.clock.now());
    if (remaining <= 0) {
      this.#backOff.next(key, failedAt);
      return 0;
    }
    const delay = this.#backOff.delayMs(key) / 1000;
    const text = delay < 60 ? `${delay}s` : `${Math.floor(delay / 60)}m${delay % 60}s`;
    if (this.#waiting.get(container.name)?.reason !== 'CrashLoopBackOff')
      this.#event(
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${container.name} in pod ${podLabel(pod)}`,
        container.name,
      );
    this.#waiting.set(container.name, {
      reason: 'CrashLoopBackOff',
      message: `back-off ${text} restarting failed container=${container.name} pod=${podLabel(pod)}`,
    });
    return remaining;
  }

  /** Milliseconds until the image may be asked for again; 0 where it may be now. */
  #pullBackOffOf(container: Container): number {
    const held = this.#pulls.held(container, this.#context.clock.now());
    if (held === undefined) return 0;
    const { reason } = held.waiting;
    if (this.#waiting.get(container.name)?.reason !== reason) {
      this.#event('Normal', 'BackOff', `Back-off pulling image "${container.image}"`, container.name);
      this.#event('Warning', 'Failed', `Error: ${reason}`, container.name);
    }
    this.#waiting.set(container.name, held.waiting);
    return held.remainingMs;
  }

  /** Sees what runs now, lets the probes follow it, and reports it. */
  async #observe(pod: Pod, { terminating = false } = {}): Promise<PodRuntimeState> {
    const { runtime, clock, statuses, runtimeName, hostIPs } = this.#context;
    const state = await observePod(runtime, pod.metadata.uid ?? '');
    const running = state.containers.filter((container) => container.state === 'running');
    const podIP = pod.spec?.hostNetwork ? hostIPs[0] : usableSandbox(pod, state)?.ips[0];
    this.#probes.follow(probeTargets(pod, running, podIP ?? '127.0.0.1'));
    for (const { config } of running) this.#waiting.delete(config.name);
    await this.#messages.read(pod, state);
    this.#status = podStatus(this.#withOwnStatus(pod), {
      state,
      waiting: this.#waiting,
      started: (id) => this.#probes.started(id),
      ready: (id) => this.#probes.ready(id),
      terminationMessages: this.#messages.byContainerId,
      terminating,
      runtimeName,
      hostIPs,
      now: new Date(clock.now()),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    });
    if (!this.#removed) {
      const written = statuses.set(pod, this.#status);
      if (terminating) await Promise.race([written, aborted(this.#closing.signal)]);
    }
    return state;
  }

  /** The pod with what was last reported, which the API server may not have told yet. */
  #withOwnStatus(pod: Pod): Pod {
    if (this.#status.phase === undefined) return pod;
    const own = new Map((this.#status.conditions ?? []).map((condition) => [condition.type, condition]));
    const others = (pod.status?.conditions ?? []).filter(({ type }) => !own.has(type));
    return { ...pod, status: { ...pod.status, ...this.#status, conditions: [...own.values(), ...others] } };
  }

  /** Stops everything, reports the end, removes what is left, and lets the API server forget the pod. */
  async #terminate(): Promise<number | 'finished'> {
    const pod = this.#pod;
    const { runtime, statuses, directories, client } = this.#context;
    const { name = '', namespace, uid = '' } = pod.metadata;
    this.#waiting.clear();
    const grace = pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
    if (this.#stoppingGrace === undefined) this.#stoppingGrace = grace;
    const state = await this.#observe(pod);
    await killPod(this.#context, pod, {
      state,
      graceSeconds: this.#stoppingGrace,
      hurry: this.#hurry.signal,
      signal: this.#closing.signal,
    });
    if (this.#closing.signal.aborted) return 0;
    const ended = await this.#observe(pod, { terminating: true });
    if (!this.#isDeleted()) {
      // It has failed, and is kept until someone deletes it.
      this.#stoppingGrace = undefined;
      this.#hurry = new AbortController();
      return resyncMs;
    }
    for (const sandbox of ended.sandboxes) await runtime.removePodSandbox(sandbox.id);
    await tearDownVolumes(directories.ofPod(uid));
    await rm(directories.logsOfPod(pod), { recursive: true, force: true });
    if (!this.#removed)
      try {
        await client.resource(Pod).namespace(namespace).delete(name, {
          gracePeriodSeconds: 0,
          preconditions: { uid },
          signal: this.#closing.signal,
          timeoutMs: 30_000,
        });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    statuses.forget(uid);
    return 'finished';
  }

  #isDeleted(): boolean {
    return this.#removed || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  #facts(podIPs: readonly string[]): DownwardFacts {
    return { podIPs, hostIPs: this.#context.hostIPs, allocatable: this.#context.allocatable };
  }

  #retryDelay(): number {
    return Math.min(retryMs.first * 2 ** this.#failures++, retryMs.most);
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    this.#context.events.record(this.#pod, {
      type,
      reason,
      message,
      ...(container === undefined ? {} : { fieldPath: containerPath(this.#pod, container) }),
    });
  }

  #log(error: unknown, message: string): void {
    const { namespace, name } = this.#pod.metadata;
    this.#context.logger.warn({ err: error, pod: `${namespace}/${name}` }, message);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
