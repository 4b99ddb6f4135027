import { readFile } from 'node:fs/promises';
import { type ApiServer, parseAuthenticationConfiguration } from '@kubewright/apiserver';
import type { Logger } from 'pino';
import type { AuthenticationFlags } from './authentication.js';
import { type AuthorizationFlags, authorizationOptions } from './authorization.js';
import { follow } from './certificates.js';

/** Takes changed files of `--authentication-config` and `--authorization-config` while the server runs. @returns stops it */
export async function followConfigurations(
  server: ApiServer,
  flags: AuthenticationFlags & AuthorizationFlags,
  logger: Logger,
): Promise<() => void> {
  const { authenticationConfig, authorizationConfig } = flags;
  const stops = [
    await followFile(authenticationConfig, {
      what: 'issuers',
      logger,
      apply: async (content, file) =>
        server.authentication.replace(await parseAuthenticationConfiguration(content, file)),
    }),
    await followFile(authorizationConfig, {
      what: 'authorizers',
      logger,
      apply: async () => server.replaceAuthorization(await authorizationOptions(flags)),
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

async function followFile(
  file: string | undefined,
  options: {
    readonly what: string;
    readonly logger: Logger;
    apply(content: string, file: string): Promise<void>;
  },
): Promise<() => void> {
  if (file === undefined) return () => undefined;
  const read = () => readFile(file, 'utf8');
  const { what, logger, apply } = options;
  return follow(read, { current: await read(), what, logger, apply: (content) => apply(content, file) });
}
