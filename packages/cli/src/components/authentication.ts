import { readFile } from 'node:fs/promises';
import { type AuthenticationOptions, type PkiDirectory, readTokenKeys } from '@kubewright/apiserver';
import { CommandError } from '../command-error.js';

/** Options of the command line, named as kube-apiserver's. Files are PEM. */
export interface AuthenticationFlags {
  readonly serviceAccountIssuer?: readonly string[];
  readonly serviceAccountSigningKeyFile?: string;
  readonly serviceAccountKeyFile?: readonly string[];
  readonly serviceAccountJwksUri?: string;
  readonly serviceAccountMaxTokenExpiration?: number;
  readonly serviceAccountExtendTokenExpiration?: boolean;
  readonly apiAudiences?: readonly string[];
}

/** As kubeadm has it. */
const standardIssuer = 'https://kubernetes.default.svc.cluster.local';

/** How the server of a data directory authenticates: with keys of its own where no files are named. */
export async function authenticationOptions(
  flags: AuthenticationFlags,
  pki: PkiDirectory,
): Promise<AuthenticationOptions> {
  const keys = await tokenKeys(flags, pki);
  const [issuer = standardIssuer, ...issuers] = flags.serviceAccountIssuer ?? [];
  const { serviceAccountJwksUri, serviceAccountMaxTokenExpiration, apiAudiences } = flags;
  return {
    serviceAccounts: {
      issuers: [issuer, ...issuers],
      keys: () => keys,
      extendExpiration: flags.serviceAccountExtendTokenExpiration ?? true,
      ...(serviceAccountJwksUri === undefined ? {} : { jwksUri: serviceAccountJwksUri }),
      ...(serviceAccountMaxTokenExpiration === undefined
        ? {}
        : { maxExpirationSeconds: serviceAccountMaxTokenExpiration }),
    },
    ...(apiAudiences === undefined ? {} : { audiences: apiAudiences }),
  };
}

async function tokenKeys(flags: AuthenticationFlags, pki: PkiDirectory) {
  const { serviceAccountSigningKeyFile: file, serviceAccountKeyFile: files = [] } = flags;
  if (file === undefined) {
    if (files.length > 0)
      throw new CommandError('--service-account-key-file: goes with --service-account-signing-key-file');
    return pki.tokenKeys();
  }
  const [signing = '', ...verifying] = await Promise.all(
    [file, ...files].map((one) => readFile(one, 'utf8')),
  );
  return readTokenKeys(signing, verifying);
}
