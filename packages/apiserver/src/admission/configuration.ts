import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { PluginSelection } from './builtin-plugins.js';
import { parsePodSecurityConfiguration } from './pod-security/configuration.js';
import { readWebhookUsers, type WebhookUsers } from './webhooks/webhook-users.js';

/** What a file says of plugins. */
export type PluginConfiguration = Pick<
  PluginSelection,
  'podSecurity' | 'mutatingWebhookUsers' | 'validatingWebhookUsers'
>;

const apiVersions = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'];

/**
 * Reads an AdmissionConfiguration, the file of kube-apiserver's `--admission-control-config-file`: its plugins have
 * their configuration inline or at a path beside it.
 * @throws Error that says what is wrong with it
 */
export async function readAdmissionConfiguration(file: string): Promise<PluginConfiguration> {
  const config = await parse(await readFile(file, 'utf8'), file);
  if (!apiVersions.includes(String(config.apiVersion)) || config.kind !== 'AdmissionConfiguration')
    throw new Error(`${file} is no AdmissionConfiguration of ${apiVersions[0]}`);
  const { plugins = [] } = config;
  if (!Array.isArray(plugins)) throw new Error(`${file}: plugins must be a list`);
  let selection: PluginConfiguration = {};
  for (const plugin of plugins as readonly { name?: unknown; path?: unknown; configuration?: unknown }[]) {
    const read = readers.get(String(plugin?.name));
    if (read === undefined)
      throw new Error(`${file}: the plugin ${JSON.stringify(plugin?.name)} takes no configuration`);
    const beside = typeof plugin.path === 'string' && plugin.path !== '' ? plugin.path : undefined;
    const value =
      beside === undefined
        ? plugin.configuration
        : await parse(await readFile(resolve(dirname(file), beside), 'utf8'), beside);
    selection = { ...selection, ...(await read(value, file)) };
  }
  return selection;
}

/** By the name of a plugin: what reads its configuration. @throws Error that says what is wrong with it */
const readers = new Map<string, (value: unknown, file: string) => Promise<PluginConfiguration>>([
  ['PodSecurity', async (value) => ({ podSecurity: parsePodSecurityConfiguration(value) })],
  ['MutatingAdmissionWebhook', async (value, file) => ({ mutatingWebhookUsers: await usersOf(value, file) })],
  [
    'ValidatingAdmissionWebhook',
    async (value, file) => ({ validatingWebhookUsers: await usersOf(value, file) }),
  ],
]);

/** Of a WebhookAdmissionConfiguration. */
async function usersOf(value: unknown, file: string): Promise<WebhookUsers> {
  const { apiVersion, kind, kubeConfigFile } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!webhookVersions.includes(String(apiVersion)) || kind !== webhookKinds.get(String(apiVersion)))
    throw new Error(
      `${file}: a webhook plugin takes a WebhookAdmissionConfiguration of ${webhookVersions[0]}`,
    );
  if (typeof kubeConfigFile !== 'string' || kubeConfigFile === '')
    throw new Error(`${file}: kubeConfigFile must name a kubeconfig`);
  return readWebhookUsers(resolve(dirname(file), kubeConfigFile));
}

const webhookKinds = new Map([
  ['apiserver.config.k8s.io/v1', 'WebhookAdmissionConfiguration'],
  ['apiserver.config.k8s.io/v1alpha1', 'WebhookAdmission'],
]);
const webhookVersions = [...webhookKinds.keys()];

async function parse(text: string, file: string): Promise<Record<string, unknown>> {
  // Most servers read no such file.
  const { load } = await import('js-yaml');
  const value = load(text);
  if (typeof value !== 'object' || value === null) throw new Error(`${file} is no object`);
  return value as Record<string, unknown>;
}
