import type { ApiRequest } from '../../http/api-request.js';
import { type Authenticator, CredentialError, type TokenAuthenticator } from '../authenticator.js';
import type { User } from '../user.js';

/** How browsers, which can set no header, send a token. Source: apiserver's `bearerProtocolPrefix`. */
const bearerProtocol = 'base64url.bearer.authorization.k8s.io.';

/**
 * Takes the bearer token of the `Authorization` header. A token that nobody knows is refused, not ignored: who shows
 * one does not mean to be anonymous.
 */
export function bearerTokenAuthenticator(
  tokens: TokenAuthenticator,
  audiences: readonly string[],
): Authenticator {
  return {
    authenticate({ headers }: ApiRequest) {
      const { authorization } = headers;
      if (authorization === undefined) return undefined;
      const [scheme = '', token = ''] = authorization.trim().split(' ', 3);
      if (scheme.toLowerCase() !== 'bearer' || token === '') return undefined;
      return userOf(tokens, token, audiences);
    },
  };
}

/** Takes the bearer token among the subprotocols of a WebSocket, and takes it out of them. */
export function webSocketTokenAuthenticator(
  tokens: TokenAuthenticator,
  audiences: readonly string[],
): Authenticator {
  return {
    authenticate({ headers, upgrade }: ApiRequest) {
      const offered = headers['sec-websocket-protocol'];
      if (upgrade === undefined || !offered?.includes(bearerProtocol)) return undefined;
      const protocols = offered.split(',').map((protocol) => protocol.trim());
      const [encoded = '', ...more] = protocols.filter((protocol) => protocol.startsWith(bearerProtocol));
      const others = protocols.filter((protocol) => !protocol.startsWith(bearerProtocol));
      if (more.length > 0) throw new CredentialError('multiple base64.bearer.authorization tokens specified');
      if (others.length === 0) throw new CredentialError('missing additional subprotocol');
      // Whatever it is worth, nobody behind this sees it.
      headers['sec-websocket-protocol'] = others.join(', ');
      return userOf(tokens, decoded(encoded.slice(bearerProtocol.length)), audiences);
    },
  };
}

function decoded(text: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(text))
    throw new CredentialError('invalid base64.bearer.authorization token encoding');
  return Buffer.from(text, 'base64url').toString('utf8');
}

async function userOf(
  tokens: TokenAuthenticator,
  token: string,
  audiences: readonly string[],
): Promise<User> {
  const identity = await tokens.authenticateToken(token, audiences);
  if (identity === undefined) throw new CredentialError('invalid bearer token');
  return identity.user;
}
