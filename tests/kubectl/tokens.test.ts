import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTokenKeys } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let admin: Kubectl;

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = readTokenKeys(privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  server = await startTlsServer({
    authentication: { serviceAccounts: { issuers: ['https://issuer.test'], keys: () => keys } },
  });
  admin = new Kubectl(server.kubeconfig);
}, 30_000);
afterAll(() => server.close());

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('says who asks', async () => {
    const who = await admin.ok('auth whoami');
    expect(who).toMatch(/Username +kubernetes-admin/);
    expect(who).toMatch(/Groups +\[system:masters system:authenticated\]/);
    expect(who).toMatch(/credential-id +\[X509SHA256=[0-9a-f]{64}\]/);
  });

  it('creates tokens and asks with them', async () => {
    await admin.ok('create serviceaccount robot');
    const token = (await admin.ok('create token robot --duration 20m --audience https://issuer.test')).trim();
    const bare = join(server.directory, 'bare');
    const kubeconfig = await readFile(server.kubeconfig, 'utf8');
    await writeFile(bare, kubeconfig.replace(/^ +client-(certificate|key)-data: .*\n/gm, ''));
    const robot = new Kubectl(bare);
    const who = await robot.ok(['auth', 'whoami', '-o', 'json', '--token', token]);
    expect(JSON.parse(who).status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    expect(await robot.ok(['get', 'serviceaccounts', '--token', token])).toContain('robot');
    const refused = await robot.fails(['get', 'pods', '--token', `${token}x`]);
    expect(refused).toContain('must be logged in to the server');
  });

  it('creates tokens that are bound to a Secret, and is told of what is not there', async () => {
    await admin.ok('create secret generic holder');
    const args = 'create token robot --bound-object-kind Secret --bound-object-name';
    expect((await admin.ok(`${args} holder`)).split('.')).toHaveLength(3);
    expect(await admin.fails(`${args} nothing`)).toContain('secrets "nothing" not found');
    expect(await admin.fails('create token robot --duration 5m')).toContain('10 minutes');
  });
});
