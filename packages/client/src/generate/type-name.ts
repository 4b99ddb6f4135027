/** Where the type of a definition lives: `io.k8s.api.core.v1.Pod` is `Pod` of module `core/v1`. */
export interface TypeName {
  readonly module: string;
  readonly name: string;
}

/**
 * The last three parts of a definition's name are group, version and type. What has no version (`Quantity`,
 * `RawExtension`, `IntOrString`) belongs to the machinery and lives in `meta/v1`.
 */
export function typeNameOf(definition: string): TypeName {
  const parts = definition.split('.');
  const name = identifier(parts.at(-1) ?? '');
  const [group, version] = [parts.at(-3), parts.at(-2)];
  if (group === undefined || version === undefined || !/^v\d/.test(version))
    return { module: 'meta/v1', name };
  return { module: `${group}/${version}`, name };
}

/** The module of a kind: the first part of its group (`core` where it has none) and its version. */
export function moduleOfKind(group: string, version: string): string {
  return `${group === '' ? 'core' : group.split('.')[0]}/${version}`;
}

function identifier(text: string): string {
  const cleaned = text.replace(/[^A-Za-z0-9_$]/g, '_');
  return /^[A-Za-z_$]/.test(cleaned) ? cleaned : `_${cleaned}`;
}
