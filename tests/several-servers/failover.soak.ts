import { expect, it } from 'vitest';
import { startEtcd } from '../etcd-process.js';
import { startApiServers } from './api-servers.js';
import { killOneOf } from './failover.js';

it('one of three servers is killed under load: no read fails after a retry, watches go on within two seconds', async () => {
  const etcd = await startEtcd({ members: 3 });
  const servers = await startApiServers(3, etcd);
  const result = await killOneOf(servers, 0);
  await servers.close();
  await etcd.close();
  process.stdout.write(`${result.reads} reads, watches resumed after ${Math.round(result.resumedMs)} ms\n`);
  expect(result).toMatchObject({ failedReads: [], gaps: [] });
  expect(result.resumedMs).toBeLessThan(2_000);
}, 120_000);
