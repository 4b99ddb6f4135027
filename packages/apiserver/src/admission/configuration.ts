import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { PluginSelection } from './builtin-plugins.js';
import { parsePodSecurityConfiguration } from './pod-security/configuration.js';

const apiVersions = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'];

/**
 * Reads an AdmissionConfiguration, the file of kube-apiserver's `--admission-control-config-file`: its plugins have
 * their configuration inline or at a path beside it.
 * @throws Error that says what is wrong with it
 */
export async function readAdmissionConfiguration(
  file: string,
): Promise<Pick<PluginSelection, 'podSecurity'>> {
  const config = await parse(await readFile(file, 'utf8'), file);
  if (!apiVersions.includes(String(config.apiVersion)) || config.kind !== 'AdmissionConfiguration')
    throw new Error(`${file} is no AdmissionConfiguration of ${apiVersions[0]}`);
  const { plugins = [] } = config;
  if (!Array.isArray(plugins)) throw new Error(`${file}: plugins must be a list`);
  let selection: Pick<PluginSelection, 'podSecurity'> = {};
  for (const plugin of plugins as readonly { name?: unknown; path?: unknown; configuration?: unknown }[]) {
    if (plugin?.name !== 'PodSecurity')
      throw new Error(`${file}: the plugin ${JSON.stringify(plugin?.name)} takes no configuration`);
    const beside = typeof plugin.path === 'string' && plugin.path !== '' ? plugin.path : undefined;
    const value =
      beside === undefined
        ? plugin.configuration
        : await parse(await readFile(resolve(dirname(file), beside), 'utf8'), beside);
    selection = { podSecurity: parsePodSecurityConfiguration(value) };
  }
  return selection;
}

async function parse(text: string, file: string): Promise<Record<string, unknown>> {
  // Most servers read no such file.
  const { load } = await import('js-yaml');
  const value = load(text);
  if (typeof value !== 'object' || value === null) throw new Error(`${file} is no object`);
  return value as Record<string, unknown>;
}
