import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PkiDirectory } from '@kubewright/apiserver';

/** An OpenID Connect issuer in a process of its own. */
export interface OidcIssuer {
  readonly url: string;
  /** Signs an ID token with these claims. */
  sign(claims: Record<string, unknown>): Promise<string>;
  /** Signs with a new key from now on, and publishes no other. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export async function startOidcIssuer(pki: PkiDirectory, algorithm = 'RS256'): Promise<OidcIssuer> {
  const { certificate, key } = await pki.server(`oidc-${algorithm}`, 'oidc', ['127.0.0.1']);
  const file = fileURLToPath(new URL('./oidc-issuer.child.ts', import.meta.url));
  const child = fork(file, [certificate, key, algorithm], { execArgv: ['--import', 'tsx'] });
  const exited = once(child, 'exit');
  const answer = async () => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      exited.then(([code]) => {
        throw new Error(`the issuer has ended with ${code}`);
      }),
    ])) as [{ issuer?: string; token?: string }];
    return message;
  };
  const { issuer = '' } = await answer();
  return {
    url: issuer,
    sign: async (claims) => {
      child.send({ sign: claims });
      return (await answer()).token ?? '';
    },
    rotate: async () => {
      child.send({ rotate: true });
      await answer();
    },
    close: async () => {
      child.disconnect();
      await exited;
    },
  };
}
