import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Deployment, ReplicaSet } from '@kubewright/api/apps/v1';
import { Lease } from '@kubewright/api/coordination/v1';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, loadConnection, renderKubeconfig } from '@kubewright/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { kubewright, type Run } from '../cli/kubewright.js';
import { KubewrightProcess, makeDataDirectory, removeDataDirectory } from '../kubewright-process.js';

/** Whose writes count: everything but the reads and the lease itself. */
const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: None
  resources: [{ group: coordination.k8s.io }, { group: events.k8s.io }]
- level: Metadata
  users: [alpha, beta]
- level: None
`;
const leaseMs = 15_000;
/** For what happens sooner or later, however busy the machine is. */
const patienceMs = 120_000;
/** So many writes may have passed the look at the deadline, and not yet left, when the process is stopped. */
const inFlight = 4;

interface Written {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly requestReceivedTimestamp: string;
}

let directory: string;
let server: KubewrightProcess;
let client: Client;
let over = false;
const managers: Run[] = [];
beforeEach(async () => {
  directory = await makeDataDirectory(undefined);
  writeFileSync(join(directory, 'policy'), policy);
  const audit = [
    '--audit-policy-file',
    join(directory, 'policy'),
    '--audit-log-path',
    join(directory, 'log'),
  ];
  server = await KubewrightProcess.start(['apiserver', ...audit], directory);
  client = await Client.fromKubeconfig({ path: server.kubeconfig });
});
afterEach(async () => {
  over = true;
  for (const { child } of managers) child.kill('SIGKILL');
  await Promise.all(managers.splice(0).map(({ ended }) => ended));
  await client.close();
  await server.end('SIGKILL');
  await removeDataDirectory(directory);
});

async function startManager(user: string): Promise<Run> {
  const pki = await PkiDirectory.open(join(directory, 'data/pki'));
  const { certificate, key } = await pki.client(user, { user, groups: ['system:masters'] });
  const connection = await loadConnection({ path: server.kubeconfig });
  const kubeconfig = join(directory, user);
  const credentials = { clientCertificate: certificate, clientKey: key };
  const ca = pki.authority.certificate;
  writeFileSync(kubeconfig, renderKubeconfig({ name: user, server: connection.server, ca, ...credentials }));
  const args = ['controller-manager', '--leader-elect', '--kubeconfig', kubeconfig];
  const run = kubewright([...args, '--no-use-service-account-credentials'], { cwd: directory });
  managers.push(run);
  await run.seen('is running');
  return run;
}

const writes = (): Written[] =>
  readFileSync(join(directory, 'log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Written);

it('a leader that is stopped loses its lease to another, and writes nothing when it goes on but what was in flight', async () => {
  const lease = () => client.resource(Lease).namespace('kube-system').get('kube-controller-manager');
  const holder = async () => (await lease()).spec?.holderIdentity;
  const alpha = await startManager('alpha');
  await expect.poll(() => holder().catch(() => undefined), { timeout: patienceMs }).toBeDefined();
  const first = await holder();
  await startManager('beta');

  const deployments = client.resource(Deployment).namespace('default');
  let made = 0;
  const make = async () => {
    for (; !over; await delay(200)) {
      const name = `d${made++}`;
      const labels = { app: name };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'example/a' }] } };
      const spec = { replicas: 1, selector: { matchLabels: labels }, template };
      await deployments.create({ metadata: { name }, spec });
    }
  };
  const making = make();
  await expect
    .poll(() => writes().filter(({ user }) => user.username === 'alpha').length, { timeout: patienceMs })
    .toBeGreaterThan(10);

  // In the middle of its work.
  alpha.child.kill('SIGSTOP');
  const left = await lease();
  await expect.poll(holder, { timeout: patienceMs, interval: 100 }).not.toBe(first);
  const taken = await lease();
  const takenOverMs = Date.parse(taken.spec?.acquireTime ?? '') - Date.parse(left.spec?.renewTime ?? '');
  over = true;
  await making;
  const before = writes().length;
  alpha.child.kill('SIGCONT');
  const resumedAt = Date.now();
  // From here on it has no controller that could write.
  await alpha.seen('stands by again');
  const replicaSets = () => client.resource(ReplicaSet).namespace('default').list();
  await expect
    .poll(async () => (await replicaSets()).items.length, { timeout: patienceMs, interval: 500 })
    .toBe(made);

  const late = writes()
    .slice(before)
    .filter(({ user, requestReceivedTimestamp }) => {
      return user.username === 'alpha' && Date.parse(requestReceivedTimestamp) >= resumedAt;
    });
  process.stdout.write(
    `taken over ${takenOverMs} ms after the last renewal; ${late.length} late writes of the old leader; ${made} Deployments\n`,
  );
  const told = late.map(({ verb, requestURI }) => `${verb} ${requestURI}`).join(', ');
  expect(late.length, told).toBeLessThanOrEqual(inFlight);
  expect(takenOverMs).toBeGreaterThanOrEqual(leaseMs);
}, 300_000);
