import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthenticationFlags, authenticationOptions, loadTokenKeys } from './authentication.js';

let directory: string;
let pki: PkiDirectory;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-authentication-'));
  pki = await PkiDirectory.open(directory);
});
afterAll(() => rm(directory, { recursive: true }));

const optionsOf = async (flags: AuthenticationFlags, authorizationMode = ['Node', 'RBAC']) => {
  const keys = loadTokenKeys(flags, pki);
  await keys.loaded;
  return authenticationOptions({ ...flags, authorizationMode }, keys.now);
};

describe('anonymous requests', () => {
  it('are let in where an authorizer decides about them, unless they shall not', async () => {
    expect((await optionsOf({})).anonymous).toEqual({ enabled: true });
    expect((await optionsOf({ anonymousAuth: false })).anonymous).toEqual({ enabled: false });
  });

  it('never get everything', async () => {
    expect((await optionsOf({}, ['AlwaysAllow'])).anonymous).toBeUndefined();
    const all = optionsOf({ anonymousAuth: true }, ['AlwaysAllow']);
    await expect(all).rejects.toThrow('--anonymous-auth true: would allow everybody everything');
  });

  it('are let in as the configuration says, which the option must not contradict', async () => {
    const authenticationConfig = join(directory, 'authentication.yaml');
    await writeFile(
      authenticationConfig,
      'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous: {enabled: true, conditions: [{path: /livez}]}\n',
    );
    expect((await optionsOf({ authenticationConfig })).anonymous).toEqual({
      enabled: true,
      paths: ['/livez'],
    });
    const both = optionsOf({ authenticationConfig, anonymousAuth: true });
    await expect(both).rejects.toThrow("anonymous: can't be set together with --anonymous-auth");
  });
});

describe('tokens of service accounts', () => {
  it('have an issuer, which is the audience, and keys that stay', async () => {
    const first = await optionsOf({});
    expect(first.serviceAccounts?.issuers).toEqual(['https://kubernetes.default.svc.cluster.local']);
    const again = await optionsOf({ serviceAccountIssuer: ['https://new.test', 'https://old.test'] });
    expect(again.serviceAccounts?.issuers).toEqual(['https://new.test', 'https://old.test']);
    expect(again.serviceAccounts?.keys().signing.id).toBe(first.serviceAccounts?.keys().signing.id);
  });

  it('are verified with the keys before, when there is a new one', async () => {
    const before = (await optionsOf({})).serviceAccounts?.keys().signing.id;
    await rm(join(directory, 'sa.key'));
    const after = (await optionsOf({})).serviceAccounts?.keys();
    expect(after?.signing.id).not.toBe(before);
    expect(after?.verifying.map(({ id }) => id)).toContain(before);
  });
});
