import type { ConfigMap, Container, EnvVar, Pod, Secret } from '@kubewright/api/core/v1';
import { type DownwardFacts, podField, resourceField } from './downward-api.js';
import { expand } from './expand.js';

/** Looks up what environment variables and volumes refer to, in the pod's namespace. */
export interface ConfigSource {
  /** Undefined where there is no such object. */
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
}

/** A container that can't be made because its spec refers to what is not there: CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/**
 * The environment of a container: variables of services first, then `envFrom`, then `env`, later ones winning.
 * `$(NAME)` in a value sees the variables before it.
 * @throws ContainerConfigError for a missing object or key that is not optional
 */
export function containerEnvironment(
  pod: Pod,
  container: Container,
  from: {
    readonly services: Record<string, string>;
    readonly config: ConfigSource;
    readonly facts: DownwardFacts;
  },
): Record<string, string> {
  const own: Record<string, string> = {};
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    if (source.configMapRef !== undefined) {
      const { name = '', optional } = source.configMapRef;
      const map = from.config.configMap(name);
      if (map === undefined && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
      for (const [key, value] of Object.entries(map?.data ?? {})) own[prefix + key] = value;
    }
    if (source.secretRef !== undefined) {
      const { name = '', optional } = source.secretRef;
      const secret = from.config.secret(name);
      if (secret === undefined && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
      for (const [key, value] of Object.entries(secret?.data ?? {})) own[prefix + key] = decode(value);
    }
  }
  for (const variable of container.env ?? []) {
    const value =
      variable.valueFrom === undefined
        ? expand(variable.value ?? '', { ...from.services, ...own })
        : referredValue(pod, container, variable.valueFrom, from);
    if (value !== undefined) own[variable.name] = value;
  }
  return { ...from.services, ...own };
}

/** Undefined where an optional reference leads nowhere: the variable is then left out. */
function referredValue(
  pod: Pod,
  container: Container,
  source: NonNullable<EnvVar['valueFrom']>,
  from: { readonly config: ConfigSource; readonly facts: DownwardFacts },
): string | undefined {
  if (source.fieldRef !== undefined) return podField(pod, source.fieldRef, from.facts);
  if (source.resourceFieldRef !== undefined) {
    const { containerName } = source.resourceFieldRef;
    const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const target = containerName ? all.find((other) => other.name === containerName) : container;
    if (target === undefined) throw new ContainerConfigError(`container "${containerName}" not found`);
    return resourceField(target, source.resourceFieldRef, from.facts);
  }
  if (source.configMapKeyRef !== undefined) {
    const { name = '', key, optional } = source.configMapKeyRef;
    const map = from.config.configMap(name);
    if (map === undefined && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
    const value = map?.data?.[key];
    if (value === undefined && !optional)
      throw new ContainerConfigError(
        `couldn't find key ${key} in ConfigMap ${pod.metadata.namespace}/${name}`,
      );
    return value;
  }
  if (source.secretKeyRef !== undefined) {
    const { name = '', key, optional } = source.secretKeyRef;
    const secret = from.config.secret(name);
    if (secret === undefined && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
    const value = secret?.data?.[key];
    if (value === undefined && !optional)
      throw new ContainerConfigError(`couldn't find key ${key} in Secret ${pod.metadata.namespace}/${name}`);
    return value === undefined ? undefined : decode(value);
  }
  throw new ContainerConfigError('the variable has a source that this kubelet does not know');
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
