/**
 * One side of the comparison of creates, with plain node: `ours` is an API server of what is built, over LMDB or, where
 * its endpoints are given, etcd; `bare` parses,
 * checks a schema, writes durably (LMDB groups what comes in one turn) and answers with the bytes. Answers `profile`
 * with the profile of what ran between two such messages.
 */
import { createServer } from 'node:https';
import { Session } from 'node:inspector/promises';
import { ServiceAccount } from '@kubewright/api/core/v1';
import { Ajv } from 'ajv';
import { open } from 'lmdb';
import { pino } from 'pino';
// Its modules one by one, so that a profile can tell them apart.
import { ApiServer, LmdbStorage } from '../packages/apiserver/dist/index.js';
import { EtcdStorage } from '../packages/apiserver/dist/storage/etcd.js';

const profiler = new Session();
profiler.connect();
await profiler.post('Profiler.enable');
let profiling = false;

process.once('disconnect', () => process.exit(0));
process.once('message', async ({ side, pki, directory, etcd }) => {
  const port = await (side === 'ours' ? serveOurs(pki, directory, etcd) : serveBare(pki, directory));
  process.on('message', async () => {
    if (profiling) process.send((await profiler.post('Profiler.stop')).profile);
    else {
      await profiler.post('Profiler.start');
      process.send({});
    }
    profiling = !profiling;
  });
  process.send({ port });
});

async function serveOurs(pki, directory, etcd) {
  const logger = pino({ level: 'silent' });
  const storage =
    etcd === undefined
      ? await LmdbStorage.open(directory)
      : await EtcdStorage.open({ endpoints: etcd, compactionIntervalMs: 0, logger });
  const server = await ApiServer.start({ storage, logger });
  // Pods run as it; without its token they are stored as they were sent.
  const account = { name: 'default', namespace: 'default' };
  await server.objects.create(ServiceAccount, { metadata: account, automountServiceAccountToken: false });
  const { port } = await server.listen({ ...pki.serving, clientCA: pki.ca, host: '127.0.0.1', port: 0 });
  return port;
}

function serveBare({ serving, ca }, directory) {
  const store = open({ path: directory, encoding: 'binary', overlappingSync: false });
  const validate = new Ajv().compile(podSchema);
  const { certificate: cert, key } = serving;
  const options = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const pod = JSON.parse(Buffer.concat(chunks).toString());
      if (!validate(pod)) {
        response.writeHead(422).end();
        return;
      }
      const bytes = Buffer.from(JSON.stringify(pod));
      await store.put(pod.metadata.name, bytes);
      response.writeHead(201, { 'content-type': 'application/json', 'content-length': bytes.length });
      response.end(bytes);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

const text = { type: 'string' };
const listOf = (properties, required = []) => ({
  type: 'array',
  items: { type: 'object', properties, required },
});
const podSchema = {
  type: 'object',
  required: ['metadata', 'spec'],
  properties: {
    metadata: {
      type: 'object',
      required: ['name'],
      properties: { name: text, namespace: text, labels: { type: 'object' } },
    },
    spec: {
      type: 'object',
      required: ['containers'],
      properties: {
        containers: listOf(
          {
            name: text,
            image: text,
            command: { type: 'array', items: text },
            ports: listOf({ containerPort: { type: 'integer' } }),
            env: listOf({ name: text, value: text }),
          },
          ['name'],
        ),
      },
    },
  },
};
