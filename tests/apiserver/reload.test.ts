import { join } from 'node:path';
import { PkiDirectory, parseAuthenticationConfiguration } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../tls-server.js';
import { type OidcIssuer, startOidcIssuer } from './oidc-issuer.js';

let server: TlsServer;
let issuer: OidcIssuer;
let ca: string;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  server = await startTlsServer({
    authentication: { anonymous: { enabled: true, paths: ['/version'] } },
    authorization: { modes: ['RBAC', 'AlwaysAllow'] },
  });
  const pki = await PkiDirectory.open(join(server.directory, 'pki'));
  ca = pki.authority.certificate;
  issuer = await startOidcIssuer(pki);
}, 60_000);
afterAll(async () => {
  await issuer?.close();
  await server.close();
});

describe('a changed configuration of authentication', () => {
  const configuration = (prefix: string) =>
    parseAuthenticationConfiguration(
      JSON.stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
        jwt: [
          {
            issuer: { url: issuer.url, audiences: ['kubewright'], certificateAuthority: ca },
            claimMappings: { username: { claim: 'sub', prefix } },
          },
        ],
      }),
      'test',
    );
  const token = () =>
    issuer.sign({
      sub: 'jane',
      aud: 'kubewright',
      iat: Math.floor(Date.now() / 1000),
      exp: Math.floor(Date.now() / 1000) + 600,
    });
  const whoami = async (jwt: string) => {
    const answer = await server.sendAs(undefined, {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: bearer(jwt),
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    return answer.code === 201
      ? answer.json<{ status: { userInfo: { username: string } } }>().status.userInfo.username
      : answer.code;
  };

  it('lets in whom a new issuer names, under the names of today, and nobody of one that is gone', async () => {
    const jwt = await token();
    expect(await whoami(jwt)).toBe(401);
    server.server.authentication.replace(await configuration('oidc:'));
    expect(await whoami(jwt)).toBe('oidc:jane');
    // What is remembered of a token is of the configuration before.
    server.server.authentication.replace(await configuration('other:'));
    expect(await whoami(jwt)).toBe('other:jane');
    server.server.authentication.replace({ jwt: [] });
    expect(await whoami(jwt)).toBe(401);
  });

  it('opens and closes paths to those without credentials', async () => {
    const codeOf = async (path: string) => (await server.sendAs(undefined, { path })).code;
    expect([await codeOf('/version'), await codeOf('/readyz')]).toEqual([200, 401]);
    server.server.authentication.replace({ anonymous: { enabled: true, paths: ['/readyz'] } });
    expect([await codeOf('/version'), await codeOf('/readyz')]).toEqual([401, 200]);
    server.server.authentication.replace({ anonymous: { enabled: false } });
    expect([await codeOf('/version'), await codeOf('/readyz')]).toEqual([401, 401]);
  });
});

describe('a changed configuration of authorization', () => {
  it('decides the next request, and takes or leaves no RBAC', async () => {
    const pki = await PkiDirectory.open(join(server.directory, 'pki'));
    const jane = await pki.client('jane', { user: 'jane', groups: [] });
    const codeOf = async () => (await server.sendAs(jane, { path: '/api/v1/secrets' })).code;
    expect(await codeOf()).toBe(200);
    server.server.replaceAuthorization({ modes: ['RBAC'] });
    expect(await codeOf()).toBe(403);
    server.server.replaceAuthorization({ modes: ['AlwaysAllow', 'RBAC'] });
    expect(await codeOf()).toBe(200);
    for (const [modes, mode] of [
      [['AlwaysAllow'], 'RBAC'],
      [['RBAC', 'Node'], 'Node'],
    ] as const)
      expect(() => server.server.replaceAuthorization({ modes })).toThrow(
        `type ${mode} cannot be added or removed`,
      );
    expect(await codeOf()).toBe(200);
  });
});
