import { startEtcd } from '../tests/etcd-process.js';
import { startApiServers } from '../tests/several-servers/api-servers.js';
import { killOneOf } from '../tests/several-servers/failover.js';
import { type Comparison, compare } from './compare.js';

/** From the death of one of three servers, under load, until every watch that it had goes on, against two seconds. */
export async function benchFailover(): Promise<Comparison> {
  const etcd = await startEtcd({ members: 3 });
  let reads = 0;
  const resumed = async () => {
    const servers = await startApiServers(3, etcd);
    try {
      const result = await killOneOf(servers, 0);
      const lost = [...result.failedReads, ...result.gaps];
      if (lost.length > 0) throw new Error(`a failover was seen: ${lost.slice(0, 3).join('; ')}`);
      reads += result.reads;
      return result.resumedMs;
    } finally {
      await servers.close();
    }
  };
  try {
    const comparison = await compare(
      'failover: one of three servers over etcd is killed under load, until the last of 30 watches goes on',
      resumed,
      2_000,
      { unit: 'ms', limit: 'at most 1', rounds: 1 },
    );
    return { ...comparison, notes: [`${reads} reads meanwhile; none failed after one retry`] };
  } finally {
    await etcd.close();
  }
}
