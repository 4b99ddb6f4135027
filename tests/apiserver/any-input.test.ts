import type { Schema, SchemaSource, Status } from '@kubewright/api';
import type { TransportRequest } from '@kubewright/client';
import { startTestServer, type TestServer } from '@kubewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Request {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly code: number;
  readonly text: string;
}

/** Sends without a socket: it is the bodies that count here, and there are thousands. */
async function sendInProcess({ method = 'GET', path, body, headers = {} }: Request): Promise<Answer> {
  const handle = server.server.inProcess({ name: 'admin', groups: ['system:masters'] });
  const [pathname = '', query = ''] = path.split('?');
  const request: TransportRequest = {
    method,
    path: pathname,
    query: new URLSearchParams(query),
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  const answer = await handle(request);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return { code: answer.status, text: Buffer.concat(chunks).toString() };
}

/** Numbers from a seed (mulberry32), so that a failure can be repeated. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const texts = [
  '',
  'a',
  'web-1',
  'Always',
  'TCP',
  '10.0.0.1',
  '1Gi',
  '100m',
  '25%',
  'kubernetes.io/x',
  '-',
  '2026-01-01T00:00:00Z',
  'é',
  'x'.repeat(300),
];
const numbers = [0, 1, -1, 80, 65_536, 2_147_483_647, 2_147_483_648, 9_007_199_254_740_991];

/** Bodies of the right shape and the wrong content, and some of the wrong shape. */
class Bodies {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  of(source: SchemaSource): Record<string, unknown> {
    const body = this.#object(source.root, source, 0);
    delete body.apiVersion;
    delete body.kind;
    const { metadata } = body;
    const name = `n${Math.floor(this.#random() * 5)}`;
    const given = typeof metadata === 'object' && this.#chance(0.3) ? metadata : {};
    return { ...body, metadata: { ...given, name, namespace: undefined } };
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #one<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T;
  }

  #value(schema: Schema, source: SchemaSource, depth: number): unknown {
    if (this.#chance(0.01)) return this.#one<unknown>([null, 'text', 7, true, [], {}]);
    if (schema.$ref !== undefined) return this.#value(source.resolve(schema.$ref), source, depth);
    if (schema.enum !== undefined && this.#chance(0.9)) return this.#one(schema.enum);
    switch (schema.type) {
      case 'object':
        return this.#object(schema, source, depth);
      case 'array':
        if (depth > 10) return [];
        return Array.from({ length: Math.floor(this.#random() * 3) }, () =>
          this.#value(schema.items ?? {}, source, depth + 1),
        );
      case 'boolean':
        return this.#chance(0.5);
      case 'integer':
      case 'number':
        return this.#one(numbers);
      default:
        return this.#one(texts);
    }
  }

  #object(schema: Schema, source: SchemaSource, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const likely = depth < 3 ? 0.6 : 0.25;
    for (const [name, property] of Object.entries(schema.properties ?? {}))
      if (this.#chance(schema.required?.includes(name) ? 0.9 : depth > 10 ? 0 : likely))
        object[name] = this.#value(property, source, depth + 1);
    if (typeof schema.additionalProperties === 'object' && this.#chance(0.5))
      object[this.#one(texts)] = this.#value(schema.additionalProperties, source, depth + 1);
    return object;
  }
}

const bodiesEach = 40;

describe('bodies of every kind', () => {
  it.each([1, 2, 3])('never make the server fail (seed %i)', async (seed) => {
    const bodies = new Bodies(seed);
    const failures: string[] = [];
    const send = async (request: Request) => {
      const answer = await sendInProcess(request);
      if (answer.code >= 500 && (JSON.parse(answer.text) as Status).reason === 'InternalError')
        failures.push(`${request.method} ${request.path} ${JSON.stringify(request.body)}: ${answer.text}`);
      return answer;
    };
    for (const { kind, resource } of server.server.resources.served()) {
      const group = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
      const path = `${group}${resource.namespaced ? '/namespaces/default' : ''}/${kind.plural}`;
      for (let i = 0; i < bodiesEach; i++) {
        const body = bodies.of(kind.schema);
        const { name } = body.metadata as { name: string };
        const made = await send({ method: 'POST', path, body });
        if (made.code === 409) await send({ method: 'PUT', path: `${path}/${name}`, body });
        const patch = bodies.of(kind.schema);
        const object = `${path}/${name}`;
        if (i % 3 === 2) {
          const whole = { ...patch, apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name } };
          const headers = { 'content-type': 'application/apply-patch+yaml' };
          const manager = `manager-${i % 2}`;
          await send({
            method: 'PATCH',
            path: `${object}?fieldManager=${manager}&force=true`,
            body: whole,
            headers,
          });
        } else {
          const type = i % 3 === 1 ? 'merge-patch' : 'strategic-merge-patch';
          const headers = { 'content-type': `application/${type}+json` };
          await send({ method: 'PATCH', path: object, body: { ...patch, metadata: {} }, headers });
        }
      }
      await send({ path, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
      await send({ method: 'DELETE', path });
    }
    expect(failures).toEqual([]);
  });
});
