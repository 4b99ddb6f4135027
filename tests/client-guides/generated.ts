import type { Client } from '@kubewright/client';
// In your program: './generated/stable/v1.js', where --out said.
import { CronTab } from './crontab/stable/v1.js';

export async function everyNight(client: Client): Promise<string> {
  const tabs = client.resource(CronTab).namespace('default');
  const tab = await tabs.create({
    metadata: { name: 'backup' },
    spec: { cronSpec: '0 3 * * *', concurrency: 'Forbid', steps: [{ name: 'dump', run: ['pg_dump'] }] },
  });
  await tabs.scale.patchMerge('backup', { spec: { replicas: 2 } });
  return tab.spec.cronSpec;
}
