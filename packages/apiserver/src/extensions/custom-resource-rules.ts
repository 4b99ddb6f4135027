import type { Kind, KubernetesObject } from '@kubewright/api';
import { forbidden, qualifiedNameErrors } from '@kubewright/api';
import type { CustomResourceDefinitionVersion } from '@kubewright/api/apiextensions/v1';
import { compareVersions } from '../discovery/group-order.js';
import type { KindRules } from '../kinds/kind-rules.js';
import { kindRules } from '../kinds/typescript-kind.js';
import type { Outline } from './custom-kind.js';
import { printerColumns } from './printer-columns.js';

/** How a server treats one version of a custom resource: as any kind whose schema says what is valid. */
export function customResourceRules(
  outline: Outline,
  version: CustomResourceDefinitionVersion,
  kind: Kind,
): KindRules {
  const { spec } = outline;
  const deprecation = deprecationOf(outline, version);
  return kindRules(kind, {
    storageKey: `${spec.group}/${kind.plural}`,
    columns: printerColumns(version.additionalPrinterColumns),
    ...(deprecation === undefined ? {} : { deprecation }),
    ...(isTerminating(outline)
      ? { prepareForCreate: (object: KubernetesObject) => refuseCreate(kind, object) }
      : {}),
    warnings: finalizerWarnings,
  });
}

/** True while a definition is deleted: its objects are removed, and no new ones are taken. */
export function isTerminating({ deleted, status }: Outline): boolean {
  return (
    deleted ||
    (status.conditions ?? []).some(({ type, status: is }) => type === 'Terminating' && is === 'True')
  );
}

function refuseCreate(kind: Kind, { metadata: { name = '' } }: KubernetesObject): never {
  throw forbidden(kind, name, 'create not allowed while custom resource definition is terminating');
}

/** Source: apiextensions' `defaultDeprecationWarning`. */
function deprecationOf(
  { spec }: Outline,
  { name, deprecated, deprecationWarning }: CustomResourceDefinitionVersion,
): string | undefined {
  if (deprecated !== true) return undefined;
  if (deprecationWarning !== undefined) return deprecationWarning;
  const { group, names, versions } = spec;
  const better = versions
    .filter((one) => one.served && one.deprecated !== true && compareVersions(one.name, name) < 0)
    .map((one) => one.name)
    .sort(compareVersions);
  const text = `${group}/${name} ${names.kind} is deprecated`;
  return better[0] === undefined ? text : `${text}; use ${group}/${better[0]} ${names.kind}`;
}

const standardFinalizers = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Finalizers that others may choose too. Source: apiextensions' `validateKubeFinalizerName`. */
function finalizerWarnings({ metadata }: KubernetesObject, old: KubernetesObject | undefined): string[] {
  const had = new Set(old?.metadata.finalizers);
  const added = [...new Set(metadata.finalizers)].filter((one) => !had.has(one)).sort();
  return added.flatMap((finalizer) => {
    const field = `metadata.finalizers: ${JSON.stringify(finalizer)}`;
    const warnings = qualifiedNameErrors(finalizer).map((error) => `${field}: ${error}`);
    if (finalizer.includes('/') || standardFinalizers.has(finalizer)) return warnings;
    const how = finalizer.includes('.') ? ' including a path (/)' : '';
    return [
      ...warnings,
      `${field}: prefer a domain-qualified finalizer name${how} to avoid accidental conflicts with other finalizer writers`,
    ];
  });
}
