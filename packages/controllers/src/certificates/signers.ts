import type { CertificateRequest } from './certificate-request.js';

/** Which requests a signer signs: what is wrong with one, or undefined. */
export type SignerRule = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';

/** The signers of Kubernetes 1.36. Source: "Kubernetes signers" of Certificates and Certificate Signing Requests. */
export const signers: Readonly<Record<string, SignerRule>> = {
  'kubernetes.io/kube-apiserver-client': (_request, usages) =>
    usages.includes('client auth') && usages.every((usage) => clientUsages.includes(usage))
      ? undefined
      : `usages did not match [${clientUsages.join(' ')}]`,
  [kubeletClientSigner]: kubeletClientProblem,
  'kubernetes.io/kubelet-serving': kubeletServingProblem,
  'kubernetes.io/legacy-unknown': () => undefined,
};

const clientUsages = ['client auth', 'digital signature', 'key encipherment'];
const servingUsages = ['server auth', 'digital signature', 'key encipherment'];

/** What is wrong with a request for the client certificate of a kubelet. Source: `ValidateKubeletClientCSR`. */
export function kubeletClientProblem(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const { dns, ip, email, uri } = request.names;
  return (
    organizationProblem(request) ??
    (dns.length > 0 ? 'DNS subjectAltNames are not allowed' : undefined) ??
    (email.length > 0 ? 'Email subjectAltNames are not allowed' : undefined) ??
    (ip.length > 0 ? 'IP subjectAltNames are not allowed' : undefined) ??
    (uri.length > 0 ? 'URI subjectAltNames are not allowed' : undefined) ??
    commonNameProblem(request) ??
    usageProblem(usages, clientUsages)
  );
}

/** What is wrong with a request for the serving certificate of a kubelet. Source: `ValidateKubeletServingCSR`. */
export function kubeletServingProblem(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const { dns, ip, email, uri } = request.names;
  return (
    organizationProblem(request) ??
    (dns.length + ip.length === 0 ? 'DNS or IP subjectAltName is required' : undefined) ??
    (email.length > 0 ? 'Email subjectAltNames are not allowed' : undefined) ??
    (uri.length > 0 ? 'URI subjectAltNames are not allowed' : undefined) ??
    usageProblem(usages, servingUsages) ??
    commonNameProblem(request)
  );
}

function organizationProblem({ organizations }: CertificateRequest): string | undefined {
  const [only, ...others] = organizations;
  return only === 'system:nodes' && others.length === 0
    ? undefined
    : 'subject organization is not system:nodes';
}

function commonNameProblem({ commonName }: CertificateRequest): string | undefined {
  return commonName.startsWith('system:node:')
    ? undefined
    : 'subject common name does not begin with system:node:';
}

/** Keys that can't encipher (ECDSA) need not be asked for it. */
function usageProblem(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const given = [...new Set([...usages, 'key encipherment'])];
  const same = given.length === wanted.length && wanted.every((usage) => given.includes(usage));
  return same ? undefined : `usages did not match [${wanted.join(' ')}]`;
}
