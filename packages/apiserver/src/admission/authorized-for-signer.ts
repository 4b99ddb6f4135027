import type { WriteContext } from '../registry/write-context.js';

/**
 * Whether the user may do something as, or for, a signer: as to a `signers` resource of its name, or of all names of
 * its domain (`example.org/*`). Source: the page on certificate signing requests, "Authorization".
 */
export async function isAuthorizedForSigner(
  { user, authorizer }: WriteContext,
  verb: 'approve' | 'sign' | 'attest',
  signerName: string,
): Promise<boolean> {
  const domain = `${signerName.split('/', 1)[0] ?? ''}/*`;
  for (const name of [signerName, domain]) {
    const decision = await authorizer.authorize({
      ...{ user, verb, name, isResource: true, path: '', namespace: '', subresource: '' },
      ...{ apiGroup: 'certificates.k8s.io', apiVersion: '*', resource: 'signers' },
    });
    if (decision.verdict === 'allow') return true;
  }
  return false;
}
