import { readFileSync } from 'node:fs';
import type { Status } from '@kubewright/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';

interface Answer {
  readonly what: string;
  readonly path: string;
  readonly body: object;
  /** In kube-apiserver's order. */
  readonly causes: readonly string[];
}

/** What kube-apiserver 1.36.3 said of each. */
const answers = JSON.parse(
  readFileSync(new URL('upstream-answers.json', import.meta.url), 'utf8'),
) as readonly Answer[];

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
