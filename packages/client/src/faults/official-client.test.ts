import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { ConfigMap } from '@kubewright/api/core/v1';
import { expect, it } from 'vitest';
import { Client } from '../client.js';
import type { Clock } from '../clock.js';
import { FaultyApi, seededRandom } from './faulty-api.test.support.js';

/** The machine's clock, some hundred times as fast: half a minute of silence is over in no time. */
const fastClock: Clock = {
  now: () => performance.now() * 500,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / 500);
    return () => clearTimeout(timer);
  },
};

/** What became of an informer: did it see what was written after the fault, and nothing older after something newer? */
type Outcome = 'goes on' | 'stops for good' | 'notices nothing' | 'goes back in time';

interface Watching {
  has(name: string): boolean;
  /** Whether it told of an older state after a newer one. */
  readonly wentBack: () => boolean;
  readonly failed: () => boolean;
  readonly stop: () => Promise<void>;
}

/** Looks at each state that is told of an object. */
function timeKeeper() {
  const newest = new Map<string, number>();
  let wentBack = false;
  return {
    wentBack: () => wentBack,
    see({
      metadata = {},
    }: {
      readonly metadata?: {
        readonly name?: string | undefined;
        readonly resourceVersion?: string | undefined;
      };
    }) {
      const { name = '', resourceVersion } = metadata;
      wentBack ||= Number(resourceVersion) < (newest.get(name) ?? 0);
      newest.set(name, Number(resourceVersion));
    },
  };
}

async function ours(server: string): Promise<Watching> {
  const client = await Client.fromConnection({ server }, { clock: fastClock, retries: 0 });
  const informer = client.informer(ConfigMap).start();
  const { see, wentBack } = timeKeeper();
  informer.on({ add: see, update: see });
  await informer.synced;
  return {
    wentBack,
    has: (name) => informer.get(name, 'default') !== undefined,
    failed: () => false,
    async stop() {
      informer.stop();
      await client.close();
    },
  };
}

async function official(server: string): Promise<Watching> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' });
  const core = config.makeApiClient(CoreV1Api);
  const informer = makeInformer(config, '/api/v1/namespaces/default/configmaps', () =>
    core.listNamespacedConfigMap({ namespace: 'default' }),
  );
  let failed = false;
  informer.on('error', () => {
    failed = true;
  });
  const { see, wentBack } = timeKeeper();
  informer.on('add', see);
  informer.on('update', see);
  await informer.start();
  return {
    wentBack,
    has: (name) => informer.get(name, 'default') !== undefined,
    failed: () => failed,
    stop: () => informer.stop(),
  };
}

async function outcomeOf(
  start: (server: string) => Promise<Watching>,
  harm: (api: FaultyApi) => void,
): Promise<Outcome> {
  const api = new FaultyApi(seededRandom(1), 0);
  const informer = await start(await api.listen());
  try {
    api.write('before', false);
    await expect.poll(() => informer.has('before'), { timeout: 5000, interval: 5 }).toBe(true);
    harm(api);
    api.write('after', false);
    const seen = expect.poll(() => informer.has('after') || informer.failed(), {
      timeout: 3000,
      interval: 5,
    });
    const settled = await seen.toBe(true).then(
      () => true,
      () => false,
    );
    if (informer.wentBack()) return 'goes back in time';
    if (informer.has('after')) return 'goes on';
    return settled ? 'stops for good' : 'notices nothing';
  } finally {
    await informer.stop();
    api.close();
  }
}

/** Several states of one object, all of which it had seen when what comes behind them arrives. */
const change = (api: FaultyApi) => {
  for (let times = 0; times < 3; times++) api.write('before', false);
};

/** The server forgets the past and ends the watch, so that the next one is answered with 410, and a list follows. */
const forget = (api: FaultyApi) => {
  api.disturb('end');
  api.write('gone by', false);
  api.compact();
};

it.each<[string, (api: FaultyApi) => void, Outcome]>([
  ['the server ends the watch', (api) => api.disturb('end'), 'goes on'],
  ['the connection is reset', (api) => api.disturb('reset'), 'stops for good'],
  ['a line breaks off', (api) => api.disturb('truncated'), 'stops for good'],
  ['the connection is half open', (api) => api.disturb('half-open'), 'notices nothing'],
  [
    'events come a second time',
    (api) => {
      change(api);
      api.disturb('repeat');
    },
    'goes back in time',
  ],
  [
    'a bookmark comes late, and the watch ends',
    (api) => {
      change(api);
      api.disturb('old bookmark');
      api.disturb('end');
    },
    'goes back in time',
  ],
  [
    'the next watch is answered with 429',
    (api) => {
      api.plan.push('429');
      api.disturb('end');
    },
    'stops for good',
  ],
  [
    'the next watch is answered with a page of HTML',
    (api) => {
      api.plan.push('html');
      api.disturb('end');
    },
    'stops for good',
  ],
  [
    'the list after a 410 is answered with 500',
    (api) => {
      api.plan.push('none', '500');
      forget(api);
    },
    'stops for good',
  ],
])('%s: this informer goes on', async (_fault, harm, expected) => {
  expect(await outcomeOf(ours, harm)).toBe('goes on');
  expect(await outcomeOf(official, harm)).toBe(expected);
});
