// An API server behind another one: `aggregated-server.child.ts KUBECONFIG CERTIFICATE KEY`. It serves a kind of its own,
// lets the cluster say who asks and what they may, and says its port on standard output.
import { readFileSync } from 'node:fs';
import { ApiServer, delegateToCluster, kindRules, MemoryStorage } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { pino } from 'pino';
import { Greeting } from './greeting.js';

const [, , kubeconfig = '', certificate = '', key = ''] = process.argv;
const { authentication, authorization, clientCA, requestHeaderCA } = await delegateToCluster(
  await Client.fromKubeconfig({ path: kubeconfig }),
);
const server = await ApiServer.start({
  storage: new MemoryStorage(),
  logger: pino({ level: 'silent' }),
  kinds: [kindRules(Greeting)],
  authentication,
  authorization,
});
const { port } = await server.listen({
  certificate: readFileSync(certificate, 'utf8'),
  key: readFileSync(key, 'utf8'),
  ...{ clientCA, requestHeaderCA, host: '127.0.0.1', port: 0 },
});
process.stdout.write(`${port}\n`);
process.stdin.on('end', () => process.exit()).resume();
