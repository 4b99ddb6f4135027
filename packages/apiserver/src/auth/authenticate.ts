import type { Exchange } from '../exchange.js';
import type { CredentialNotes, User } from './user.js';

/**
 * Finds out who asks, as the server's authenticator says. Nothing behind this stage sees the token.
 * @throws ApiError Unauthorized
 */
export function authenticate(exchange: Exchange): void | Promise<void> {
  const { request, server } = exchange;
  if (request.user !== undefined) return identify(exchange, request.user);
  const start = performance.now();
  let found: User | Promise<User>;
  try {
    found = server.authentication.authenticator.authenticate(request);
  } catch (error) {
    refused(exchange, start);
    throw error;
  }
  if (!(found instanceof Promise)) return known(exchange, start, found);
  return found.then(
    (user) => known(exchange, start, user),
    (error: unknown) => {
      refused(exchange, start);
      throw error;
    },
  );
}

function known(exchange: Exchange, start: number, user: User): void {
  const { authentication, requests } = exchange.server.metrics;
  const ms = performance.now() - start;
  authentication.succeeded(user.name, ms);
  requests.stages.authentication.observe(ms / 1000);
  const { certificate } = exchange.request;
  if (certificate?.trustedAs.includes('client') === true)
    authentication.certificate((certificate.notAfter - exchange.startedAt) / 1000);
  identify(exchange, user);
}

function refused({ request, server }: Exchange, start: number): void {
  // Who shows nothing fails; what he shows and is not good is an error.
  const showed = request.headers.authorization !== undefined || request.certificate !== undefined;
  const { authentication, requests } = server.metrics;
  const ms = performance.now() - start;
  authentication.refused(showed ? 'error' : 'failure', ms);
  requests.stages.authentication.observe(ms / 1000);
}

function identify(exchange: Exchange, user: User): void {
  exchange.user = user;
  if (user.credential !== undefined) note(exchange, user.credential);
  const { headers } = exchange.request;
  const { authorization } = headers;
  if (authorization === undefined) return;
  if (/^bearer {2}/i.test(authorization)) exchange.warn(extraSpace);
  delete headers.authorization;
}

const extraSpace =
  'the provided Authorization header contains extra space before the bearer token, and is ignored';

function note(exchange: Exchange, { annotations, warning }: CredentialNotes): void {
  for (const [key, value] of Object.entries(annotations)) exchange.annotate(key, value);
  if (warning !== undefined) exchange.warn(warning);
}
