import type { PolicyRule } from '@kubewright/api/rbac/v1';
import type { Attributes, Decision } from '../authorizer.js';

/** One rule of one grant, and what to answer where it matches. Undefined means any. */
interface Permission {
  readonly verbs: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly names: ReadonlySet<string> | undefined;
  readonly decision: Decision;
}

/**
 * Rules arranged by what they are for, so that a decision looks at those of one resource or path alone. The meaning of
 * a rule: the RBAC page of the Kubernetes documentation.
 */
export class RuleIndex {
  /** By `pods`, `pods/log`, `*\/scale`, `*`. */
  readonly #resources = new Map<string, Permission[]>();
  readonly #paths = new Map<string, Permission[]>();
  /** Paths that end with a star, without it. */
  readonly #prefixes: { readonly prefix: string; readonly permission: Permission }[] = [];

  add(rule: PolicyRule, decision: Decision): void {
    const verbs = setOf(rule.verbs);
    const permission: Permission = {
      verbs,
      groups: setOf(rule.apiGroups ?? []),
      names: (rule.resourceNames ?? []).length === 0 ? undefined : new Set(rule.resourceNames),
      decision,
    };
    for (const resource of rule.resources ?? []) push(this.#resources, resource, permission);
    for (const url of rule.nonResourceURLs ?? []) {
      if (url.endsWith('*')) this.#prefixes.push({ prefix: url.replace(/\*+$/, ''), permission });
      else push(this.#paths, url, permission);
    }
  }

  /** The decision of a rule that allows it; undefined where none does. */
  find(attributes: Attributes): Decision | undefined {
    if (!attributes.isResource) return this.#findPath(attributes);
    const { resource, subresource } = attributes;
    if (subresource === '')
      return (
        firstMatch(this.#resources.get(resource), attributes) ??
        firstMatch(this.#resources.get('*'), attributes)
      );
    return (
      firstMatch(this.#resources.get(`${resource}/${subresource}`), attributes) ??
      firstMatch(this.#resources.get('*'), attributes) ??
      firstMatch(this.#resources.get(`*/${subresource}`), attributes)
    );
  }

  #findPath({ verb, path }: Attributes): Decision | undefined {
    for (const { verbs, decision } of this.#paths.get(path) ?? [])
      if (verbs?.has(verb) ?? true) return decision;
    for (const { prefix, permission } of this.#prefixes)
      if (path.startsWith(prefix) && (permission.verbs?.has(verb) ?? true)) return permission.decision;
    return undefined;
  }
}

function firstMatch(permissions: readonly Permission[] | undefined, attributes: Attributes) {
  if (permissions === undefined) return undefined;
  const { verb, apiGroup } = attributes;
  for (const { verbs, groups, names, decision } of permissions) {
    if (verbs !== undefined && !verbs.has(verb)) continue;
    if (groups !== undefined && !groups.has(apiGroup)) continue;
    if (names !== undefined && !names.has(attributes.name)) continue;
    return decision;
  }
  return undefined;
}

function setOf(values: readonly string[]): ReadonlySet<string> | undefined {
  return values.includes('*') ? undefined : new Set(values);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
