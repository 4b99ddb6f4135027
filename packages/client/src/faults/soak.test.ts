import type { KubernetesObject } from '@kubewright/api';
import { ConfigMap } from '@kubewright/api/core/v1';
import { expect, it } from 'vitest';
import { Client } from '../client.js';
import type { Clock } from '../clock.js';
import { objectKey } from '../watch/object-cache.js';
import { FaultyApi, seededRandom } from './faulty-api.test.support.js';

const seed = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const wanted = Number(process.env.SOAK_FAULTS ?? 500);

/** The machine's clock, some hundred times as fast: a wait of half a minute is over in no time. */
const speed = 500;
/** Two minutes of the machine's own time, which may be busy: what takes longer does not come. */
const timeoutMs = 120_000 * speed;
const fastClock: Clock = {
  now: () => performance.now() * speed,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / speed);
    return () => clearTimeout(timer);
  },
};

it(
  `an informer survives ${wanted} faults with its cache right and its events in order (SOAK_SEED=${seed})`,
  async () => {
    const random = seededRandom(seed);
    const api = new FaultyApi(random, 0.2);
    const client = await Client.fromConnection(
      { server: await api.listen() },
      { clock: fastClock, random, retries: 1 },
    );
    const ending = new AbortController();
    const informer = client.informer(ConfigMap, {
      indexes: { first: ({ metadata }) => [metadata.name?.[3] ?? ''] },
    });
    const newest = new Map<string, number>();
    const there = new Set<string>();
    const wrong: string[] = [];
    const check = (type: 'add' | 'update' | 'delete', object: KubernetesObject) => {
      const key = objectKey(object);
      const revision = Number(object.metadata.resourceVersion);
      const before = newest.get(key) ?? 0;
      // An unobserved end is told with the last state there was to see.
      if (type === 'delete' ? revision < before : revision <= before)
        wrong.push(`${type} ${key}@${revision} after @${before}`);
      if (there.has(key) === (type === 'add')) wrong.push(`${type} of ${key}, which was ${there.has(key)}`);
      newest.set(key, revision);
      if (type === 'delete') there.delete(key);
      else there.add(key);
    };
    informer.on({
      add: (object) => check('add', object),
      update: (object) => check('update', object),
      delete: (object) => check('delete', object),
    });
    informer.start(ending.signal);

    while (api.faultCount < wanted) {
      api.write(`obj${Math.floor(random() * 700)}`, random() < 0.3);
      if (random() < 0.05) api.bookmark();
      if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      if (random() < 0.01) await informer.waitFor(String(api.revision), { timeoutMs });
    }
    api.heal();
    api.write('last', false);
    await informer.waitFor(String(api.revision), { timeoutMs });

    expect(wrong).toEqual([]);
    const byName = (a: KubernetesObject, b: KubernetesObject) => objectKey(a).localeCompare(objectKey(b));
    const truth = [...api.objects.values()].sort(byName);
    expect(informer.list().sort(byName)).toEqual(truth);
    const initials = new Set(truth.map(({ metadata }) => metadata.name?.[3] ?? ''));
    const indexed = [...initials].flatMap((value) => informer.byIndex('first', value));
    expect(indexed.sort(byName)).toEqual(truth);
    expect([...api.faults.keys()].length).toBeGreaterThan(8);
    ending.abort();
    await client.close();
    api.close();
  },
  // Some 12 ms each where nothing else runs.
  Math.max(120_000, wanted * 120),
);
