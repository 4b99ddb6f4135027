import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { PkiDirectory } from '@kubewright/apiserver';
import { Client, connectionOf, loadConnection, parseKubeconfig } from '@kubewright/client';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory = '';
let server: Server;
let pki: PkiDirectory;
let port = 0;
const clients: Client[] = [];

/** Answers with the name in the client's certificate, or the token; 401 for neither. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credentials-'));
  pki = await PkiDirectory.open(directory);
  const { certificate: cert, key } = await pki.server('apiserver', 'kube-apiserver', ['127.0.0.1']);
  const ca = pki.authority.certificate;
  server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      const token = /^Bearer (good.*)/.exec(request.headers.authorization ?? '')?.[1];
      response.statusCode = name === undefined && token === undefined ? 401 : 200;
      response.end(JSON.stringify({ major: name ?? token }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await writeFile(join(directory, 'ca.pem'), ca);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

function kubeconfig(user: string): string {
  return [
    'current-context: c',
    `clusters: [{name: k, cluster: {server: "https://127.0.0.1:${port}", certificate-authority: ca.pem}}]`,
    `users: [{name: u, user: ${user}}]`,
    'contexts: [{name: c, context: {cluster: k, user: u}}]',
  ].join('\n');
}

async function connect(user: string): Promise<Client> {
  const path = join(directory, 'config');
  await writeFile(path, kubeconfig(user));
  const client = await Client.fromConnection(await loadConnection({ path, env: {} }));
  clients.push(client);
  return client;
}

const whoAmI = async (client: Client) => (await client.version()).major;

describe('credentials that change', () => {
  it('a plugin is asked again when the server refuses what it gave', async () => {
    const answers = join(directory, 'answers.json');
    const give = (status: object) =>
      writeFile(
        answers,
        JSON.stringify({
          apiVersion: 'client.authentication.k8s.io/v1',
          kind: 'ExecCredential',
          status,
        }),
      );
    const user = `{exec: {apiVersion: client.authentication.k8s.io/v1, command: cat, args: [${answers}], interactiveMode: Never}}`;
    await give({ token: 'bad' });
    const client = await connect(user);
    await expect(client.version()).rejects.toMatchObject({ reason: 'Unauthorized' });
    await give({ token: 'good' });
    expect(await whoAmI(client)).toBe('good');
    await give({ token: 'good, but not asked for' });
    expect(await whoAmI(client)).toBe('good');
    const first = await pki.client('first', { user: 'first', groups: [] });
    await give({ clientCertificateData: first.certificate, clientKeyData: first.key });
    expect(await whoAmI(await connect(user))).toBe('first');
  });

  it('a plugin may ask its user where there is a terminal, and only there', async () => {
    const program = [
      'if (!process.stdin.isTTY) throw new Error("this is no terminal");',
      'const apiVersion = "client.authentication.k8s.io/v1";',
      'process.stderr.write("password: ");',
      'process.stdin.once("data", (line) => {',
      '  const status = { token: String(line).trim() };',
      '  console.log(JSON.stringify({ apiVersion, kind: "ExecCredential", status }));',
      '  process.exit();',
      '});',
    ].join(' ');
    const user = `{exec: {apiVersion: client.authentication.k8s.io/v1, command: node, args: [-e, '${program}'], interactiveMode: Always}}`;
    await expect(connect(user)).rejects.toThrow('standard input is no terminal');
    const child = fileURLToPath(new URL('exec-plugin.child.ts', import.meta.url));
    const command = [
      process.execPath,
      '--conditions=source',
      '--import',
      'tsx',
      child,
      join(directory, 'config'),
    ];
    const terminal = spawn('script', ['-qec', command.join(' '), '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    for await (const text of terminal.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      const asked = shown.includes('password: ');
      shown += text;
      if (!asked && shown.includes('password: ')) terminal.stdin.write('open sesame\r');
    }
    expect(shown).toContain('the token is open sesame');
  });

  it('a client certificate that changes is taken from the next request on', async () => {
    const before = await pki.client('before', { user: 'before', groups: [] });
    const after = await pki.client('after', { user: 'after', groups: [] });
    let identity = before;
    const path = join(directory, 'config');
    await writeFile(path, kubeconfig('{}'));
    const connection = await loadConnection({ path, env: {} });
    const client = await Client.fromConnection({ ...connection, identity: async () => identity });
    clients.push(client);
    expect(await whoAmI(client)).toBe('before');
    identity = after;
    expect(await whoAmI(client)).toBe('after');
  });

  it('an ended client certificate is named with its end', async () => {
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    x509.cryptoProvider.set(crypto);
    const ended = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=late',
      keys,
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    });
    const data = Buffer.from(ended.toString('pem')).toString('base64');
    const text = kubeconfig(`{client-certificate-data: ${data}, client-key-data: ${data}}`).replace(
      ', certificate-authority: ca.pem',
      '',
    );
    await expect(connectionOf(await parseKubeconfig(text, 'f'))).rejects.toThrow(
      'f: users[0].user.client-certificate-data: the client certificate of CN=late ended on 2021-01-01T00:00:00.000Z: get a new one',
    );
  });
});
