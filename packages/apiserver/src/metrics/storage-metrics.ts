import { answeredWithin } from '../storage/answered-within.js';
import type { Decide, Decision, Storage, StorageEntry } from '../storage/storage.js';
import { ByLabels, Distribution, type ExposedMetric, exposed, requestSeconds } from './series.js';

interface Series {
  readonly seconds: Distribution;
  errors: number;
}

/** The group and the plural of what stands behind a key. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/**
 * How long the store takes, by operation and resource. The names are upstream's, whatever the engine: what watches a
 * cluster knows them.
 */
export class StorageMetrics {
  readonly #series = new ByLabels<Series>(() => ({ seconds: new Distribution(requestSeconds), errors: 0 }));
  readonly #resources = new Map<string, OperationsOf>();
  /** Of keys that are no resource's. */
  readonly #others = this.#operationsOf({ group: '', resource: '' });

  /** Names the resource whose keys start with the prefix. */
  name(prefix: string, resource: GroupResource): void {
    this.#resources.set(prefix, this.#operationsOf(resource));
  }

  /** The same store, measured. */
  measure(storage: Storage): Storage {
    return {
      revision: () => storage.revision(),
      get: (key) => this.#timed('get', key, () => storage.get(key)),
      list: (prefix, options) => this.#timed('list', prefix, () => storage.list(prefix, options)),
      ...(storage.listNow === undefined ? {} : { listNow: storage.listNow.bind(storage) }),
      write: (key, decide) => this.#write(storage, key, decide),
      watch: (after, watcher) => storage.watch(after, watcher),
      compact: (revision) => storage.compact(revision),
      ...(storage.expireAfter === undefined
        ? {}
        : { expireAfter: (prefix, seconds) => storage.expireAfter?.(prefix, seconds) }),
      ...(storage.size === undefined ? {} : { size: storage.size.bind(storage) }),
      close: () => storage.close(),
    };
  }

  metrics(): ExposedMetric[] {
    const duration = 'etcd_request_duration_seconds';
    return [
      exposed(duration, 'histogram', '[ALPHA] Time that an operation of the store takes.', () =>
        this.#series.flatMap((labels, { seconds }) => seconds.values(duration, labels)),
      ),
      exposed('etcd_requests_total', 'counter', '[ALPHA] Operations of the store.', () =>
        this.#series.flatMap((labels, { seconds }) => [{ labels, value: seconds.count }]),
      ),
      exposed('etcd_request_errors_total', 'counter', '[ALPHA] Operations of the store that failed.', () =>
        this.#series.flatMap((labels, { errors }) => (errors === 0 ? [] : [{ labels, value: errors }])),
      ),
    ];
  }

  async #timed<T>(operation: Operation, key: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await run();
    } catch (error) {
      this.#seriesOf(operation, key).errors += 1;
      throw error;
    } finally {
      this.#seriesOf(operation, key).seconds.observe((performance.now() - start) / 1000);
    }
  }

  /** A refusal is no error of the store: its operation is the read that it came from. */
  async #write(storage: Storage, key: string, decide: Decide): Promise<number> {
    const start = performance.now();
    let operation: Operation = 'get';
    let decided = false;
    const note = (current: StorageEntry | undefined, decision: Decision): Decision => {
      operation = operationOf(current, decision);
      decided = true;
      return decision;
    };
    try {
      return await storage.write(key, (current) => {
        decided = false;
        const decision = decide(current);
        return decision instanceof Promise
          ? decision.then((made) => note(current, made))
          : note(current, decision);
      });
    } catch (error) {
      if (decided) this.#seriesOf(operation, key).errors += 1;
      throw error;
    } finally {
      this.#seriesOf(operation, key).seconds.observe((performance.now() - start) / 1000);
    }
  }

  #operationsOf(resource: GroupResource): OperationsOf {
    const series = new Map<Operation, Series>();
    return (operation) => {
      let found = series.get(operation);
      if (found === undefined) {
        found = this.#series.at({ operation, ...resource });
        series.set(operation, found);
      }
      return found;
    };
  }

  #seriesOf(operation: Operation, key: string): Series {
    for (let slash = key.indexOf('/', 1); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const found = this.#resources.get(key.slice(0, slash + 1));
      if (found !== undefined) return found(operation);
    }
    return this.#others(operation);
  }
}

/** A store that does not answer within this time does not hold up the other metrics. */
const sizeTimeoutMs = 1_000;

/** How large the store is on its disk, where it has one. */
export function storageSize(storage: Storage): ExposedMetric {
  return exposed(
    'apiserver_storage_size_bytes',
    'gauge',
    '[STABLE] Bytes that the store takes of its disk.',
    async () => {
      // Why a store does not answer, its health check tells; the other metrics are told without it.
      const size = Promise.resolve(storage.size?.()).catch(() => undefined);
      const value = await answeredWithin(sizeTimeoutMs, size);
      return value === undefined ? [] : [{ labels: { storage_cluster_id: 'etcd-0' }, value }];
    },
  );
}

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete';
/** The series of each operation on one resource, made on first use and kept. */
type OperationsOf = (operation: Operation) => Series;

function operationOf(current: StorageEntry | undefined, decision: Decision): Operation {
  if ('delete' in decision) return 'delete';
  if ('keep' in decision) return 'get';
  return current === undefined ? 'create' : 'update';
}
