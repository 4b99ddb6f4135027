import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtinKinds } from '@kubewright/api/builtin';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDiscovery } from '../discovery/discovery.js';
import { createOpenApi } from './openapi.js';

const kubectl = process.env.KUBECTL ?? 'kubectl';
const found = spawnSync(kubectl, ['version', '--client']).status === 0;

// The documents alone, without an API behind them: what kubectl makes of them.
describe.skipIf(!found)('kubectl (skipped where there is none)', () => {
  let server: Server;
  let folder: string;
  const requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubewright-openapi-'));
    const discovery = createDiscovery(builtinKinds, '127.0.0.1');
    const openapi = createOpenApi(builtinKinds, 'v1.36.0');
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      requests.push(`${request.method} ${request.url}`);
      const { accept } = request.headers;
      const document = discovery.document(pathname, accept);
      const answer = openapi.answer(pathname, { accept, hash: searchParams.get('hash') ?? undefined });
      if (document !== undefined) response.setHeader('content-type', document.contentType).end(document.body);
      else if (answer !== undefined) response.writeHead(answer.status, answer.headers).end(answer.body);
      else if (request.method === 'POST') {
        response.writeHead(201, { 'content-type': 'application/json' });
        request.pipe(response);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  async function run(...args: string[]): Promise<string> {
    const { port } = server.address() as AddressInfo;
    const all = ['--server', `http://127.0.0.1:${port}`, '--cache-dir', folder, ...args];
    const { stdout } = await promisify(execFile)(kubectl, all, {
      env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'none') },
    });
    return stdout;
  }

  it('lists the resources', async () => {
    expect(await run('api-resources', '--api-group', 'apps')).toMatch(
      /deployments +deploy +apps\/v1 +true +Deployment/,
    );
    expect(await run('api-versions')).toContain('autoscaling/v2\n');
  });

  it('explains fields', async () => {
    const text = await run('explain', 'deployment.spec.strategy');
    expect(text).toContain('FIELD: strategy <DeploymentStrategy>');
    expect(text).toMatch(/rollingUpdate\t<RollingUpdateDeployment>/);
  });

  it('explains what fields are for', async () => {
    const text = await run('explain', 'pod.spec.containers');
    expect(text.replace(/\s+/g, ' ')).toContain('List of containers belonging to the pod.');
    expect(text).toMatch(/imagePullPolicy\t<string>\n(?: {2}enum: .*\n)? {4}Image pull policy/);
  });

  it('explains fields from the protobuf form of version 2', async () => {
    const text = await run('explain', 'pod.spec.containers.resources', '--output', 'plaintext-openapiv2');
    expect(text).toContain('limits\t<map[string]string>');
    expect(requests.some((request) => request.includes('/openapi/v2'))).toBe(true);
  });

  it('leaves validation to the server, as the documents say it validates', async () => {
    const file = join(folder, 'config.yaml');
    writeFileSync(
      file,
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\ndata: {a: b}\n',
    );
    expect(await run('create', '-f', file)).toBe('configmap/a created\n');
    expect(requests.at(-1)).toContain('fieldValidation=Strict');
  });
});
