import type { ApiRequest, ClientCertificate } from '../../http/api-request.js';
import { type Authenticator, CredentialError } from '../authenticator.js';
import { allAuthenticated, type User } from '../user.js';

/**
 * Takes the client's certificate for its identity: CN is the user, each O a group. A certificate that no client CA
 * vouches for is refused rather than ignored. Source: apiserver's x509 authenticator.
 */
export function clientCertificateAuthenticator(now: () => number): Authenticator {
  // A connection's certificate is one object, so that each is read once.
  const users = new WeakMap<ClientCertificate, User>();
  return {
    authenticate({ certificate }: ApiRequest): User | undefined {
      if (certificate === undefined) return undefined;
      if (!certificate.trustedAs.includes('client'))
        throw new CredentialError('x509: no client CA vouches for the certificate');
      if (certificate.notAfter < now()) throw new CredentialError('x509: certificate has expired');
      if (certificate.commonName === '') return undefined;
      let user = users.get(certificate);
      if (user === undefined) {
        user = userOf(certificate);
        users.set(certificate, user);
      }
      return user;
    },
  };
}

function userOf({ commonName, organizations, uid, fingerprint }: ClientCertificate): User {
  return {
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: [...organizations, allAuthenticated],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  };
}
