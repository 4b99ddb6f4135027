import type { Exchange } from '../exchange.js';
import type { CredentialNotes, User } from './user.js';

/**
 * Finds out who asks, as the server's authenticator says. Nothing behind this stage sees the token.
 * @throws ApiError Unauthorized
 */
export function authenticate(exchange: Exchange): void | Promise<void> {
  const { request, server } = exchange;
  const found = request.user ?? server.authentication.authenticator.authenticate(request);
  if (found instanceof Promise) return found.then((user) => identify(exchange, user));
  identify(exchange, found);
}

function identify(exchange: Exchange, user: User): void {
  exchange.user = user;
  if (user.credential !== undefined) note(exchange, user.credential);
  const { headers } = exchange.request;
  if (headers.authorization !== undefined) delete headers.authorization;
}

function note(exchange: Exchange, { annotations, warning }: CredentialNotes): void {
  for (const [key, value] of Object.entries(annotations)) exchange.annotate(key, value);
  if (warning !== undefined) exchange.warn(warning);
}
