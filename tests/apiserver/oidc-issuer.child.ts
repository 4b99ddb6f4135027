/**
 * An OpenID Connect issuer of its own: discovery, keys that rotate, and ID tokens with whatever claims are asked for.
 * It is told over the IPC channel what to sign, and serves the rest over TLS with the certificate that it was given.
 */

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const [certificate = '', key = '', algorithm = 'RS256'] = process.argv.slice(2);
let count = 0;
let current = await newKey();
let published = [current];

async function newKey() {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  return { ...pair, kid: `key-${++count}` };
}

const server = createServer({ cert: certificate, key }, async (request, response) => {
  response.setHeader('content-type', 'application/json');
  if (request.url === '/.well-known/openid-configuration')
    response.end(JSON.stringify({ issuer: issuer(), jwks_uri: `${issuer()}/keys` }));
  else if (request.url === '/keys') {
    const keys = published.map(async ({ publicKey, kid }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: algorithm,
      use: 'sig',
    }));
    response.end(JSON.stringify({ keys: await Promise.all(keys) }));
  } else response.writeHead(404).end();
});

const issuer = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

process.on(
  'message',
  async (message: { readonly sign?: Record<string, unknown>; readonly rotate?: true }) => {
    if (message.rotate === true) {
      current = await newKey();
      published = [current];
      process.send?.({});
    } else {
      const token = await new SignJWT({ iss: issuer(), ...message.sign })
        .setProtectedHeader({ alg: algorithm, kid: current.kid })
        .sign(current.privateKey);
      process.send?.({ token });
    }
  },
);
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.send?.({ issuer: issuer() }));
