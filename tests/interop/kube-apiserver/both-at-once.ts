import { setTimeout as delay } from 'node:timers/promises';
import { ConfigMap } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';

const rounds = 40;
const patienceMs = 30_000;

/**
 * Two servers of one etcd change an object in turn: each must read at once what the other was told is written, and the
 * watches of both must bring every change, in order. @returns what is wrong
 */
export async function bothAtOnce(one: Client, other: Client): Promise<string | undefined> {
  const [mine, theirs] = [one, other].map((client) => client.resource(ConfigMap).namespace('default'));
  if (mine === undefined || theirs === undefined) return 'two servers are needed';
  const watching = new AbortController();
  const seen: string[][] = [[], []];
  const watches = [mine, theirs].map(async (maps, index) => {
    for await (const { type, object } of maps.watch({
      signal: watching.signal,
      fieldSelector: 'metadata.name=shared',
    }))
      if (type === 'ADDED' || type === 'MODIFIED') seen[index]?.push(object.data?.round ?? '');
  });
  const until = Date.now() + patienceMs;
  const bothHave = async (count: number) => {
    while (seen.some((rounds) => rounds.length < count) && Date.now() < until) await delay(50);
  };
  try {
    await mine.create({ metadata: { name: 'shared' }, data: { round: '0' } });
    await bothHave(1);
    for (let round = 1; round <= rounds; round++) {
      const [writer, reader] = round % 2 === 0 ? [mine, theirs] : [theirs, mine];
      await writer.patchMerge('shared', { data: { round: String(round) } });
      const read = (await reader.get('shared')).data?.round;
      if (read !== String(round)) return `after round ${round} the other server read round ${read}`;
    }
    await bothHave(rounds + 1);
    const expected = Array.from({ length: rounds + 1 }, (_, round) => round).join(' ');
    const wrong = seen.find((rounds) => rounds.join(' ') !== expected);
    return wrong === undefined ? undefined : `a watch saw ${wrong.join(' ')}`;
  } finally {
    watching.abort();
    await Promise.allSettled(watches);
  }
}
