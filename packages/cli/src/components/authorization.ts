import { readFile } from 'node:fs/promises';
import {
  type AuthorizationMode,
  type AuthorizationOptions,
  type Authorizer,
  authorizationModes,
  type ConfiguredWebhook,
  matchConditions,
  parseAuthorizationConfiguration,
  webhookAuthorizer,
} from '@kubewright/apiserver';
import { httpsTransport, loadConnection } from '@kubewright/client';
import { CommandError, unusableFile } from '../command-error.js';

/** Options of the command line, named as kube-apiserver's. */
export interface AuthorizationFlags {
  readonly authorizationMode: readonly string[];
  readonly authorizationConfig?: string;
  readonly authorizationWebhookConfigFile?: string;
  /** In seconds. */
  readonly authorizationWebhookCacheAuthorizedTtl?: number;
  readonly authorizationWebhookCacheUnauthorizedTtl?: number;
}

/** @throws CommandError for a mode that there is not, and a configuration that is none */
export async function authorizationOptions(flags: AuthorizationFlags): Promise<AuthorizationOptions> {
  const { authorizationConfig: file } = flags;
  if (file !== undefined) return { modes: await configured(file) };
  return { modes: await Promise.all(flags.authorizationMode.map((name) => modeOf(name, flags))) };
}

async function modeOf(name: string, flags: AuthorizationFlags): Promise<AuthorizationMode | Authorizer> {
  const mode = authorizationModes.find((one) => one === name);
  if (mode !== undefined) return mode;
  const { authorizationWebhookConfigFile: path } = flags;
  if (name !== 'Webhook')
    throw new CommandError(
      `--authorization-mode ${name}: the modes are ${[...authorizationModes, 'Webhook'].join(', ')}`,
    );
  if (path === undefined)
    throw new CommandError('--authorization-mode Webhook: goes with --authorization-webhook-config-file');
  return webhookAuthorizer({
    transport: await httpsTransport(await loadConnection({ path })),
    authorizedTtlMs: (flags.authorizationWebhookCacheAuthorizedTtl ?? 300) * 1000,
    unauthorizedTtlMs: (flags.authorizationWebhookCacheUnauthorizedTtl ?? 30) * 1000,
  });
}

async function configured(file: string): Promise<(AuthorizationMode | Authorizer)[]> {
  try {
    const authorizers = parseAuthorizationConfiguration(await readFile(file, 'utf8'));
    return await Promise.all(
      authorizers.map((one) => (one.type === 'Webhook' ? webhookOf(one.name, one.webhook) : one.type)),
    );
  } catch (cause) {
    throw unusableFile(file, cause, '--authorization-config');
  }
}

async function webhookOf(
  name: string,
  { kubeConfigFile, matchConditions: conditions, ...options }: ConfiguredWebhook,
) {
  const matches = matchConditions(conditions);
  const connection = await loadConnection(kubeConfigFile === undefined ? {} : { path: kubeConfigFile });
  const transport = await httpsTransport(connection);
  return webhookAuthorizer({ ...options, name, transport, ...(matches === undefined ? {} : { matches }) });
}
