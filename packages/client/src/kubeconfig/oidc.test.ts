import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../virtual-clock.js';
import type { OidcEntry } from './kubeconfig.js';
import { oidcToken } from './oidc.js';

const startMs = Date.parse('2026-01-01T00:00:00Z');
const tokenUntil = (exp: number) =>
  `h.${Buffer.from(JSON.stringify({ exp: exp / 1000 })).toString('base64url')}.s`;

let issuer: Server;
let issuerUrl = '';
let directory = '';
const asked: Record<string, string>[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oidc-'));
  issuer = createServer(async (request, response) => {
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ token_endpoint: `${issuerUrl}/token` }));
      return;
    }
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = Object.fromEntries(new URLSearchParams(body));
    asked.push(form);
    if (form.refresh_token === 'spent') response.writeHead(400).end('{"error":"invalid_grant"}');
    else
      response.end(JSON.stringify({ id_token: tokenUntil(startMs + 7_200_000), refresh_token: 'refresh-2' }));
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
});
afterAll(async () => {
  issuer.closeAllConnections();
  issuer.close();
  await rm(directory, { recursive: true });
});

const entry = (more: Partial<OidcEntry>): OidcEntry => ({
  file: join(directory, 'config'),
  field: 'users[0].user.auth-provider.config',
  issuerUrl,
  clientId: 'kubernetes',
  ...more,
});

describe('oidcToken', () => {
  it('keeps a token until its end, then gets a new one, once for all who wait, and writes it down', async () => {
    const clock = new VirtualClock(startMs);
    const idToken = tokenUntil(startMs + 3_600_000);
    const text = `# mine\nid-token: ${idToken}\nrefresh-token: refresh-1\n`;
    await writeFile(join(directory, 'config'), text, { mode: 0o600 });
    const token = oidcToken(entry({ idToken, refreshToken: 'refresh-1', clientSecret: 's' }), { clock });
    expect(await token.get()).toBe(idToken);
    await clock.advance(3_595_000);
    const [fresh, same] = await Promise.all([token.get(), token.get()]);
    expect([fresh, same]).toEqual([tokenUntil(startMs + 7_200_000), fresh]);
    expect(asked).toEqual([
      {
        grant_type: 'refresh_token',
        refresh_token: 'refresh-1',
        client_id: 'kubernetes',
        client_secret: 's',
      },
    ]);
    expect(await readFile(join(directory, 'config'), 'utf8')).toBe(
      `# mine\nid-token: ${fresh}\nrefresh-token: refresh-2\n`,
    );
    token.renew();
    await token.get();
    expect(asked[1]?.refresh_token).toBe('refresh-2');
  });

  it('reaches an issuer through the proxy that the environment names for it', async () => {
    const through: (string | undefined)[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket: Duplex) => {
      through.push(request.url);
      const onward = connect((issuer.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const token = oidcToken(entry({ issuerUrl: 'http://issuer.invalid', refreshToken: 'refresh-3' }), {
      clock: new VirtualClock(startMs),
      env: {
        HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        NO_PROXY: 'elsewhere.invalid',
      },
    });
    expect(await token.get()).toBe(tokenUntil(startMs + 7_200_000));
    expect(through).toEqual(['issuer.invalid:80']);
    proxy.close();
  });

  it('says what to do when there is no way to a new token', async () => {
    const ended = tokenUntil(startMs);
    const clock = new VirtualClock(startMs);
    await expect(oidcToken(entry({ idToken: ended }), { clock }).get()).rejects.toThrow(
      'config.refresh-token: is missing and the id-token has ended: log in again',
    );
    await expect(oidcToken(entry({ refreshToken: 'spent' }), { clock }).get()).rejects.toThrow(
      /answered 400: \{"error":"invalid_grant"\}\. Log in again/,
    );
    await expect(oidcToken(entry({ idToken: 'x' }), { clock }).get()).rejects.toThrow(
      'config.id-token: is no JSON Web Token',
    );
  });
});
