import { type Kind, type KubernetesObject, labelRequirements, matchesLabels } from '@kubewright/api';
import type { ParamKind, ParamRef } from '@kubewright/api/admissionregistration/v1';
import type { ServedKind } from '../../registry/resource.js';
import type { ObjectReader } from '../../registry/write-context.js';
import { groupVersionKind } from './group-version-kind.js';

/** Where parameters are found. */
export interface ParamSource {
  readonly objects: ObjectReader;
  /** Undefined where the server has no such kind. */
  served(kind: { group: string; version: string; kind: string }): ServedKind | undefined;
}

/** A policy or binding that can't work. The message is upstream's. */
export class ConfigurationError extends Error {
  readonly of: 'policy' | 'binding';

  constructor(message: string, of: 'policy' | 'binding' = 'binding') {
    super(`failed to configure ${of}: ${message}`);
    this.of = of;
  }
}

/**
 * The parameters with which a policy is evaluated for a binding: each of them once; one undefined where the policy or
 * the binding has none. Source: CollectParams of apiserver's policy plugins.
 * @throws ConfigurationError
 */
export function paramsOf(
  source: ParamSource,
  paramKind: ParamKind | undefined,
  paramRef: ParamRef | undefined,
  requestNamespace: string,
): readonly (KubernetesObject | undefined)[] {
  if (paramKind === undefined) return [undefined];
  const served = servedOf(source, paramKind);
  if (paramRef === undefined) return [undefined];
  const { kind } = served;
  const namespaced = kind.scope === 'Namespaced';
  const { name = '', namespace: refNamespace = '', selector } = paramRef;
  if (!namespaced && refNamespace !== '')
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const namespace = namespaced ? refNamespace || requestNamespace : '';
  if (namespaced && namespace === '')
    throw new ConfigurationError(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  const stored: Kind = served.resource.rules.kind;
  const lister = source.objects.lister(stored);
  let found: readonly KubernetesObject[];
  if (name !== '') {
    const one = lister.get(namespace, name);
    found = one === undefined ? [] : [one];
  } else if (selector !== undefined) {
    const requirements = labelRequirements(selector) ?? [];
    found = lister
      .list(namespaced ? namespace : undefined)
      .filter(({ metadata }) => matchesLabels(requirements, metadata.labels ?? {}));
  } else throw new ConfigurationError('one of name or selector must be provided');
  if (found.length === 0 && paramRef.parameterNotFoundAction === 'Deny')
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return found.map((object) =>
    served.conversion === undefined ? object : served.fromStored(structuredClone(object)),
  );
}

function servedOf(source: ParamSource, { apiVersion = '', kind = '' }: ParamKind): ServedKind {
  const served = source.served(groupVersionKind({ apiVersion, kind }));
  if (served === undefined)
    throw new ConfigurationError(
      `failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
      'policy',
    );
  return served;
}
