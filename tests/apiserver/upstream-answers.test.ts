import { readFileSync } from 'node:fs';
import type { KubernetesObject, Status } from '@kubewright/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

interface Answer {
  readonly what: string;
  readonly path: string;
  readonly body: object;
  /** In kube-apiserver's order. */
  readonly causes: readonly string[];
}

/** An update of an object that was taken. */
interface UpdateAnswer {
  readonly what: string;
  readonly path: string;
  readonly object: KubernetesObject;
  readonly update: KubernetesObject;
  readonly subresource?: string;
  /** In kube-apiserver's order, as often as it tells them. */
  readonly causes: readonly string[];
}

/** What kube-apiserver 1.36.3 said of each. */
function read<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as readonly T[];
}

const answers = read<Answer>('upstream-answers.json');
const updateAnswers = read<UpdateAnswer>('upstream-updates.json');

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

describe('is told what kube-apiserver tells:', () => {
  it.each(answers)('$what', async ({ path, body, causes }) => {
    const { code, json } = await server.send({ method: 'POST', path: `${path}?dryRun=All`, body });
    expect(code).toBe(422);
    const said = json<Status>().details?.causes ?? [];
    expect(said.map(({ field, message }) => `${field}: ${message}`)).toEqual(causes);
  });
});

describe('is told of an update what kube-apiserver tells:', () => {
  it.each(updateAnswers)('$what', async ({ path, object, update, subresource, causes }) => {
    const { name = '' } = object.metadata;
    const at = `${path}/${name}`;
    const made = await server.send({ method: 'POST', path, body: object });
    expect(made.code, made.text).toBe(201);
    const { resourceVersion } = made.json<KubernetesObject>().metadata;
    const { code, json } = await server.send({
      method: 'PUT',
      path: `${at}${subresource === undefined ? '' : `/${subresource}`}?dryRun=All`,
      body: { ...update, metadata: { ...update.metadata, resourceVersion } },
    });
    expect(code).toBe(422);
    const said = json<Status>().details?.causes ?? [];
    expect(said.map(({ field, message }) => `${field}: ${message}`)).toEqual(causes);
    // The next one may have the name.
    const headers = { 'content-type': 'application/merge-patch+json' };
    await server.send({ method: 'DELETE', path: `${at}?gracePeriodSeconds=0&propagationPolicy=Background` });
    await server.send({ method: 'PATCH', path: at, body: { metadata: { finalizers: null } }, headers });
  });
});
