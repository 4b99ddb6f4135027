import type { Container, EphemeralContainer, PodSpec } from '@kubewright/api/core/v1';

export interface SecretReference {
  readonly secret: string;
  /** Begins the refusal of it. */
  readonly where: string;
}

/** The secrets that volumes and variables of a pod name. Source: the ServiceAccount plugin's `limitSecretReferences`. */
export function referencedSecrets(spec: PodSpec | undefined): SecretReference[] {
  const found: SecretReference[] = [];
  for (const { secret } of spec?.volumes ?? [])
    if (secret !== undefined) found.push({ secret: secret.secretName ?? '', where: 'volume with' });
  const visit = (role: string, containers: readonly (Container | EphemeralContainer)[] = []) => {
    for (const { name, env, envFrom } of containers) {
      for (const { name: variable, valueFrom } of env ?? []) {
        const secret = valueFrom?.secretKeyRef?.name;
        if (secret !== undefined)
          found.push({ secret, where: `${role} ${name} with envVar ${variable} referencing` });
      }
      for (const { secretRef } of envFrom ?? [])
        if (secretRef !== undefined)
          found.push({ secret: secretRef.name ?? '', where: `${role} ${name} with envFrom referencing` });
    }
  };
  visit('init container', spec?.initContainers);
  visit('container', spec?.containers);
  visit('ephemeral container', spec?.ephemeralContainers);
  return found;
}
