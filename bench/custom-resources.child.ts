/** Installs definitions, uses them, and says what that took in time and memory. */
import { defineKind } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { ConfigMap } from '@kubewright/api/core/v1';
import { ApiServer, MemoryStorage } from '@kubewright/apiserver';
import { Client, inProcessTransport } from '@kubewright/client';
import { pino } from 'pino';

const definitions = 1_000;
const logger = pino({ level: 'silent' });
const admin = { name: 'admin', groups: ['system:masters'] };

function settled(): number {
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A definition of about 20 KB, as generated ones are: nested objects with descriptions. */
function definition(index: number): CustomResourceDefinition {
  const text = 'What the field is for, and what happens to those who set it to a value that it may not have.';
  const leaf = (name: string) => ({ type: 'string', description: `${name}: ${text}`, maxLength: 253 });
  const group = (depth: number): Record<string, unknown> =>
    Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [
        `field${i}`,
        depth === 0 ? leaf(`field${i}`) : { type: 'object', description: text, properties: group(depth - 1) },
      ]),
    );
  const properties = {
    ...group(1),
    replicas: { type: 'integer', minimum: 0, default: 1 },
    data: { type: 'object', additionalProperties: { type: 'string' } },
  };
  return {
    metadata: { name: `widget${index}s.bench.example.com` },
    spec: {
      group: 'bench.example.com',
      scope: 'Namespaced',
      names: { plural: `widget${index}s`, kind: `Widget${index}` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
          } as never,
        },
      ],
    },
  };
}

/** A definition of half a megabyte whose fields are all of names of their own, with rules: as large ones of projects are. */
function largeDefinition(index: number): CustomResourceDefinition {
  const text = 'What the field is for, and what happens to those who set it to a value that it may not have.';
  const level = (path: string, depth: number): Record<string, unknown> =>
    Object.fromEntries(
      Array.from({ length: 13 }, (_, i) => {
        const name = `${path}x${i}`;
        return [
          name,
          depth === 0
            ? { type: 'string', description: `${name}: ${text}`, maxLength: 253 }
            : {
                type: 'object',
                description: text,
                properties: level(name, depth - 1),
                ...(depth === 1 && i === 0
                  ? {
                      'x-kubernetes-validations': [
                        { rule: `!has(self.${name}x0) || self.${name}x0 != 'no'`, message: 'must not be no' },
                      ],
                    }
                  : {}),
              },
        ];
      }),
    );
  const small = definition(index);
  const names = { plural: `larges${index}`, kind: `Large${index}` };
  return {
    metadata: { name: `larges${index}.bench.example.com` },
    spec: {
      ...small.spec,
      names,
      versions: small.spec.versions.map((version) => ({
        ...version,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: level(`l${index}`, 2) } },
          },
        } as never,
      })),
    },
  };
}

/** An object of that with every field. */
function largeObject(index: number): object {
  const level = (path: string, depth: number): object =>
    Object.fromEntries(
      Array.from({ length: 13 }, (_, i) => {
        const name = `${path}x${i}`;
        return [name, depth === 0 ? 'x' : level(name, depth - 1)];
      }),
    );
  return level(`l${index}`, 2);
}

const kindOf = (index: number) =>
  defineKind({
    group: 'bench.example.com',
    version: 'v1',
    kind: `Widget${index}`,
    schema: { type: 'object' } as const,
  });

/** Memory and JSON of a large definition that is used, in bytes: what the store and the cache have of it, too. */
async function large(): Promise<{ readonly bytes: number; readonly jsonBytes: number }> {
  const count = 8;
  const storage = new MemoryStorage();
  const server = await ApiServer.start({ storage, logger });
  const client = new Client(inProcessTransport(server.inProcess(admin)));
  const use = async (first: number) => {
    for (let index = first; index < first + count; index++) {
      const { metadata } = await client.resource(CustomResourceDefinition).create(largeDefinition(index));
      await client
        .resource(CustomResourceDefinition)
        .waitFor(metadata.name ?? '', (found) =>
          (found?.status?.conditions ?? []).some(
            ({ type, status }) => type === 'Established' && status === 'True',
          ),
        );
      const kind = defineKind({
        group: 'bench.example.com',
        version: 'v1',
        kind: `Large${index}`,
        plural: `larges${index}`,
        schema: { type: 'object' } as const,
      });
      const objects = client.resource(kind).namespace('default');
      await objects.create({ metadata: { name: 'used' }, spec: largeObject(index) } as never, {
        dryRun: true,
      });
    }
    // What lists and watches may still go back to is not the definitions'.
    await storage.compact(storage.durable);
  };
  // What every use costs once is not theirs.
  await use(0);
  const before = settled();
  await use(count);
  const used = settled() - before;
  await client.close();
  await server.close(0);
  return { bytes: used / count, jsonBytes: JSON.stringify(largeDefinition(count)).length };
}

// First, while nothing else is there whose end would count against it.
const largeFigures = await large();
const storage = new MemoryStorage();
let server = await ApiServer.start({ storage, logger });
let client = new Client(inProcessTransport(server.inProcess(admin)));
await client
  .resource(ConfigMap)
  .namespace('default')
  .create({ metadata: { name: 'first' } });
const before = settled();
const started = performance.now();
for (let index = 0; index < definitions; index++)
  await client.resource(CustomResourceDefinition).create(definition(index));
const last = `widget${definitions - 1}s.bench.example.com`;
await client
  .resource(CustomResourceDefinition)
  .waitFor(last, (found) =>
    (found?.status?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True'),
  );
const installSeconds = (performance.now() - started) / 1000;
const bytesEach = (settled() - before) / definitions;

const data = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, 'x'.repeat(50)]));
for (let index = 0; index < definitions; index++)
  await client
    .resource(kindOf(index))
    .namespace('default')
    .create({ metadata: { name: 'used' }, spec: { data } } as never);
const bytesUsedEach = (settled() - before) / definitions;

/** Creates a second of processor time, which other programs of the machine take nothing of. */
async function rate(create: (name: string) => Promise<unknown>): Promise<number> {
  const count = 2_000;
  const begun = process.cpuUsage();
  const prefix = performance.now().toFixed(0);
  let next = 0;
  const worker = async () => {
    while (next < count) await create(`n${next++}-${prefix}`);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  const { user, system } = process.cpuUsage(begun);
  return count / ((user + system) / 1e6);
}
const customPerSecond: number[] = [];
const configMapsPerSecond: number[] = [];
const widgets = client.resource(kindOf(0)).namespace('default');
const maps = client.resource(ConfigMap).namespace('default');
for (let round = 0; round < 5; round++) {
  configMapsPerSecond.push(await rate((name) => maps.create({ metadata: { name }, data })));
  customPerSecond.push(await rate((name) => widgets.create({ metadata: { name }, spec: { data } } as never)));
}
await client.close();
await server.close(0);
const restarted = performance.now();
server = await ApiServer.start({ storage, logger });
const startSeconds = (performance.now() - restarted) / 1000;
client = new Client(inProcessTransport(server.inProcess(admin)));
await client.resource(kindOf(7)).namespace('default').get('used');
await client.close();
await server.close(0);
process.send?.(
  {
    large: largeFigures,
    ...{ installSeconds, startSeconds, bytesEach, bytesUsedEach },
    definitionBytes: JSON.stringify(definition(0)).length,
    customPerSecond: customPerSecond.slice(1),
    configMapsPerSecond: configMapsPerSecond.slice(1),
  },
  () => process.exit(0),
);
