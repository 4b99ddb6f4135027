import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ServiceAccount } from '@kubewright/api/core/v1';
import { readTokenKeys } from '@kubewright/apiserver';
import { Client } from '@kubewright/client';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from './tls-server.js';

/** Debian's, or `$CHROMIUM`; where there is none this is skipped (`apt-get install chromium`). */
const chromium = [
  process.env.CHROMIUM ?? '',
  ...(process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'chromium')),
].find((file) => file !== '' && existsSync(file));

/** The page as a bundler makes it for browsers, out of what is published. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'client-browser.page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

describe('the client in a page', () => {
  it('takes nothing of Node along', async () => {
    const script = await bundle();
    expect(script).not.toMatch(/from\s*"node:|require\("/);
  });
});

describe.skipIf(chromium === undefined)('a page in a browser', () => {
  let server: TlsServer;
  let site: Server;
  let address = '';
  let result: Promise<string>;

  beforeAll(async () => {
    const script = await bundle();
    let told: (text: string) => void = () => undefined;
    result = new Promise((resolve) => {
      told = resolve;
    });
    site = createServer((request, response) => {
      if (request.method === 'POST') {
        text(request).then(told);
        response.end();
      } else if (request.url?.startsWith('/page.js'))
        response.setHeader('content-type', 'text/javascript').end(script);
      else {
        const { search } = new URL(request.url ?? '', 'http://site');
        response.setHeader('content-type', 'text/html');
        response.end(`<script type="module" src="/page.js${search}"></script>`);
      }
    });
    await once(site.listen(0, '127.0.0.1'), 'listening');
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = readTokenKeys(privateKey.export({ type: 'sec1', format: 'pem' }).toString());
    server = await startTlsServer(
      { authentication: { serviceAccounts: { issuers: ['https://issuer.test'], keys: () => keys } } },
      { corsAllowedOrigins: [new RegExp(`^${origin}$`)] },
    );
    const admin = await Client.fromKubeconfig({ path: server.kubeconfig });
    const accounts = admin.resource(ServiceAccount).namespace('default');
    await accounts.create({ metadata: { name: 'page' } });
    const { token } = await accounts.token('page');
    await admin.close();
    address = `${origin}/?${new URLSearchParams({ server: `https://127.0.0.1:${server.port}`, token })}`;
  });
  afterAll(async () => {
    site.closeAllConnections();
    site.close();
    await server.close();
  });

  it('reads, writes, watches and opens WebSockets of an API server of another origin', async () => {
    const browser = spawn(
      chromium ?? '',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--disable-component-update',
        '--no-first-run',
        // The server's certificate is of an authority of its own, as is usual for clusters.
        '--ignore-certificate-errors',
        `--user-data-dir=${join(server.directory, 'chromium')}`,
        address,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true, timeout: 60_000 },
    );
    const exited = once(browser, 'exit');
    const log = text(browser.stderr);
    try {
      const gaveUp = exited.then(async () => {
        throw new Error(`chromium has ended: ${(await log).slice(-2000)}`);
      });
      expect(JSON.parse(await Promise.race([result, gaveUp]))).toEqual({
        events: expect.arrayContaining(['add from-page', 'update 2', 'delete from-page']),
        listed: [['from-page', '2']],
        socket: 'ADDED',
        gone: true,
        late: 'Error: over',
        file: 'Error: a kubeconfig needs Node; in a browser make a Client of a fetchTransport',
      });
    } finally {
      // With its helpers, which it leaves behind when it is killed alone.
      if (browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL');
      await exited.catch(() => undefined);
    }
  }, 90_000);
});
