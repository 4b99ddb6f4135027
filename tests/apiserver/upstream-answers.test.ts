import { readFileSync } from 'node:fs';
import type { KubernetesObject, Status } from '@kubewright/api';
import { builtinKinds } from '@kubewright/api/builtin';
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

/** A built-in kind. */
interface KindAnswer {
  readonly what: string;
  readonly path: string;
  /** Little more than what the kind asks for. */
  readonly body: KubernetesObject;
  /** What it is after defaults, without what differs from server to server. */
  readonly becomes: object;
  /** What is said of one that has nothing but a name; nothing where it is taken. */
  readonly bare: readonly string[];
}

/** What kube-apiserver 1.36.3 said of each. */
function read<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as readonly T[];
}

const answers = read<Answer>('upstream-answers.json');
const updateAnswers = read<UpdateAnswer>('upstream-updates.json');
const kindAnswers = read<KindAnswer>('upstream-kinds.json');

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
});
afterAll(() => server.close());

describe('of each built-in kind', () => {
  it('there is one', () => {
    const answered = new Set(kindAnswers.map(({ body }) => `${body.apiVersion} ${body.kind}`));
    // A Binding is made for a pod that is there.
    const created = builtinKinds.filter(({ kind, verbs }) => verbs.includes('create') && kind !== 'Binding');
    const missing = created.filter(({ apiVersion, kind }) => !answered.has(`${apiVersion} ${kind}`));
    expect(missing.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([]);
  });

  it.each(kindAnswers)('the least $what becomes what kube-apiserver makes of it', async (answer) => {
    const { path, body, becomes } = answer;
    const { code, text } = await server.send({ method: 'POST', path: `${path}?dryRun=All`, body });
    expect(code, text).toBe(201);
    const made = withoutServer(text);
    // What a review finds out and what a controller adds is of no interest here.
    if (!('status' in becomes)) delete made.status;
    expect(made).toEqual(becomes);
  });

  it.each(kindAnswers)(
    '$what with nothing but a name is told what it lacks',
    async ({ path, body, bare }) => {
      const { apiVersion, kind, metadata } = body;
      const named = { apiVersion, kind, metadata };
      const { code, json } = await server.send({ method: 'POST', path: `${path}?dryRun=All`, body: named });
      const said = code < 400 ? [] : (json<Status>().details?.causes ?? []);
      expect(said.map(({ field, message }) => `${field}: ${message}`)).toEqual(bare);
    },
  );
});

const picked = ['clusterIP', 'clusterIPs', 'username', 'uid', 'groups', 'extra'];

/** Takes away who made it and when, and what the server picks. */
function withoutServer(text: string): KubernetesObject & Parts {
  const uid = /[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}/g;
  const time = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/g;
  const object = JSON.parse(text.replace(uid, 'UID').replace(time, '"TIME"')) as KubernetesObject & Parts;
  for (const name of ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields'] as const)
    delete object.metadata[name];
  for (const name of picked) delete object.spec?.[name];
  return object;
}

interface Parts {
  readonly spec?: Record<string, unknown>;
  status?: object;
}

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
