// An API server behind another one: `aggregated-server.child.ts KUBECONFIG CERTIFICATE KEY CA`. It serves kinds of its
// own, lets the cluster say who asks and what they may, and says its port on standard output.
import { readFileSync } from 'node:fs';
import { ApiServer, delegateToCluster, kindRules, MemoryStorage } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { pino } from 'pino';
import { listenForEchoes } from './echo-streams.js';
import { Greeting } from './greeting.js';
import { Terminal } from './terminal.js';

const [kubeconfig = '', ...files] = process.argv.slice(2);
const [certificate = '', key = '', ca = ''] = files.map((file) => readFileSync(file, 'utf8'));
const { authentication, authorization, clientCA, requestHeaderCA } = await delegateToCluster(
  await Client.fromKubeconfig({ path: kubeconfig }),
);
const streams = await listenForEchoes({ cert: certificate, key });
const terminal = kindRules(Terminal, {
  subresources: {
    exec: {
      connect: async (_, query) => ({ host: '127.0.0.1', port: streams, path: `/exec?${query}` }),
    },
  },
});
const server = await ApiServer.start({
  storage: new MemoryStorage(),
  logger: pino({ level: 'silent' }),
  kinds: [kindRules(Greeting), terminal],
  kubelet: { certificate, key, ca },
  authentication,
  authorization,
});
const { port } = await server.listen({
  ...{ certificate, key, clientCA, requestHeaderCA, host: '127.0.0.1', port: 0 },
});
process.stdout.write(`${port}\n`);
process.stdin.on('end', () => process.exit()).resume();
