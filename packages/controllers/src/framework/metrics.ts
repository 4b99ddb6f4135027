import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one manager, under the names that controller-runtime made customary. */
export interface Metrics {
  /** Answers `/metrics`: `await metrics.registry.metrics()`. */
  readonly registry: Registry;
  readonly reconciles: Counter<'controller' | 'result'>;
  readonly errors: Counter<'controller'>;
  readonly terminalErrors: Counter<'controller'>;
  /** Failures by a mistake of the program, which Go would call a panic. */
  readonly panics: Counter<'controller'>;
  readonly timeouts: Counter<'controller'>;
  readonly reconcileSeconds: Histogram<'controller'>;
  readonly maxConcurrent: Gauge<'controller'>;
  readonly activeWorkers: Gauge<'controller'>;
  readonly queueDepth: Gauge<'name' | 'controller' | 'priority'>;
  readonly queueAdds: Counter<'name' | 'controller'>;
  readonly queueRetries: Counter<'name' | 'controller'>;
  readonly queueSeconds: Histogram<'name' | 'controller'>;
  readonly workSeconds: Histogram<'name' | 'controller'>;
  readonly unfinishedSeconds: Gauge<'name' | 'controller'>;
  readonly longestRunningSeconds: Gauge<'name' | 'controller'>;
  /** Measures, when the metrics are read, what a queue has, and has in work. */
  readonly queues: Set<() => void>;
  /** Of the clients that the controllers use. */
  readonly requests: Counter<'code' | 'method' | 'host'>;
  readonly leader: Gauge<'name'>;
}

/** A registry of its own for each manager, so that several in one process (tests) never meet. */
export function createMetrics(registry: Registry = new Registry()): Metrics {
  const registers = [registry];
  const controller = ['controller'] as const;
  const queue = ['name', 'controller'] as const;
  const queues = new Set<() => void>();
  const buckets = Array.from({ length: 12 }, (_, index) => Number(`1e${index - 8}`));
  return {
    registry,
    reconciles: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciliations by controller and result.',
      labelNames: ['controller', 'result'] as const,
      registers,
    }),
    errors: new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Reconciliations that failed.',
      labelNames: controller,
      registers,
    }),
    terminalErrors: new Counter({
      name: 'controller_runtime_terminal_reconcile_errors_total',
      help: 'Reconciliations that failed and are not tried again.',
      labelNames: controller,
      registers,
    }),
    panics: new Counter({
      name: 'controller_runtime_reconcile_panics_total',
      help: 'Reconciliations that failed by a mistake of the program.',
      labelNames: controller,
      registers,
    }),
    timeouts: new Counter({
      name: 'controller_runtime_reconcile_timeouts_total',
      help: 'Reconciliations that took longer than they may.',
      labelNames: controller,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Time of a reconciliation.',
      labelNames: controller,
      buckets: [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
        1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
      ],
      registers,
    }),
    maxConcurrent: new Gauge({
      name: 'controller_runtime_max_concurrent_reconciles',
      help: 'Reconciliations that may run at once.',
      labelNames: controller,
      registers,
    }),
    activeWorkers: new Gauge({
      name: 'controller_runtime_active_workers',
      help: 'Reconciliations that run now.',
      labelNames: controller,
      registers,
    }),
    queueDepth: new Gauge({
      name: 'workqueue_depth',
      help: 'Keys that wait for a worker.',
      labelNames: [...queue, 'priority'] as const,
      registers,
      collect: () => {
        for (const measure of queues) measure();
      },
    }),
    queueAdds: new Counter({
      name: 'workqueue_adds_total',
      help: 'Keys that were added.',
      labelNames: queue,
      registers,
    }),
    queueRetries: new Counter({
      name: 'workqueue_retries_total',
      help: 'Keys that were added again after a failure.',
      labelNames: queue,
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long a key waited for a worker.',
      labelNames: queue,
      buckets,
      registers,
    }),
    workSeconds: new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'How long a key was in work.',
      labelNames: queue,
      buckets,
      registers,
    }),
    unfinishedSeconds: new Gauge({
      name: 'workqueue_unfinished_work_seconds',
      help: 'How long all keys in work have been so, together.',
      labelNames: queue,
      registers,
    }),
    longestRunningSeconds: new Gauge({
      name: 'workqueue_longest_running_processor_seconds',
      help: 'How long the key that is longest in work has been so.',
      labelNames: queue,
      registers,
    }),
    queues,
    requests: new Counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the API server by status, method and host.',
      labelNames: ['code', 'method', 'host'] as const,
      registers,
    }),
    leader: new Gauge({
      name: 'leader_election_master_status',
      help: 'Whether this process holds the lease: 1 or 0.',
      labelNames: ['name'] as const,
      registers,
    }),
  };
}
