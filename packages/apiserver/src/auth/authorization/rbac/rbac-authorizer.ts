import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '@kubewright/api/rbac/v1';
import type { User } from '../../user.js';
import type { Attributes, Authorizer, Decision, UserRules } from '../authorizer.js';
import { noOpinion } from '../authorizer.js';
import { RuleIndex } from './rule-index.js';
import { describeSubject, subjectKey } from './subject.js';

type AnyRole = Role | ClusterRole;
type AnyBinding = RoleBinding | ClusterRoleBinding;

/** A binding as one of its subjects sees it. */
interface Grant {
  readonly role: string;
  readonly decision: Decision;
}

/** What the bindings of one scope give one subject; the index is made when somebody asks, after each change anew. */
interface Granted {
  readonly grants: Map<string, Grant>;
  index: RuleIndex | undefined;
  /** Roles that are not there, as a refusal names them; of the index. */
  missing: readonly string[];
}

/** Subjects of the bindings in one namespace, or of the cluster role bindings. */
type Scope = Map<string, Granted>;

interface Bound {
  readonly namespace: string;
  readonly role: string;
  /** Keys of the subjects. */
  readonly subjects: ReadonlySet<string>;
}

/**
 * Role-based access control. Roles and bindings come as they change ({@link setRole} and the others), and a decision
 * parses and searches nothing: it looks up the user and each group, in the scope of the cluster and of the namespace.
 * Source: the "Using RBAC Authorization" page.
 */
export class RbacAuthorizer implements Authorizer {
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  readonly #bindings = new Map<string, Bound>();
  /** Keys of the bindings by the role that they refer to. */
  readonly #bindingsOfRole = new Map<string, Set<string>>();
  readonly #cluster: Scope = new Map();
  readonly #namespaces = new Map<string, Scope>();

  authorize(attributes: Attributes): Decision {
    const { user, namespace } = attributes;
    const inCluster = this.#find(this.#cluster, attributes);
    if (inCluster !== undefined) return inCluster;
    const scope = namespace === '' ? undefined : this.#namespaces.get(namespace);
    const inNamespace = scope && this.#find(scope, attributes);
    if (inNamespace !== undefined) return inNamespace;
    const missing = this.#missingRoles(user, namespace);
    return missing.length === 0
      ? noOpinion
      : { verdict: 'no opinion', reason: `RBAC: ${aggregate(missing)}` };
  }

  rulesFor(user: User, namespace: string): UserRules {
    const rules = this.#grants(user, namespace).flatMap(({ role }) => this.#roles.get(role) ?? []);
    const missing = this.#missingRoles(user, namespace);
    return {
      rules,
      incomplete: false,
      problem: missing.length === 0 ? undefined : aggregate(missing),
    };
  }

  /** The rules of the role that a binding in this namespace refers to; undefined where there is no such role. */
  rulesOfRole(ref: { readonly kind: string; readonly name: string }, namespace: string) {
    return this.#roles.get(roleKey(ref.kind, namespace, ref.name));
  }

  setRole(role: AnyRole): void {
    const key = roleKey(role.kind ?? '', role.metadata.namespace ?? '', role.metadata.name ?? '');
    this.#roles.set(key, role.rules ?? []);
    this.#roleChanged(key);
  }

  deleteRole({ kind }: { readonly kind: string }, namespace: string, name: string): void {
    const key = roleKey(kind, namespace, name);
    this.#roles.delete(key);
    this.#roleChanged(key);
  }

  setBinding(binding: AnyBinding): void {
    const { namespace = '', name = '' } = binding.metadata;
    this.deleteBinding(namespace, name);
    const key = `${namespace}/${name}`;
    const { roleRef, subjects = [] } = binding;
    const role = roleKey(roleRef.kind, namespace, roleRef.name);
    const scope = this.#scope(namespace);
    const keys = new Set<string>();
    for (const subject of subjects) {
      const subjectOf = subjectKey(subject, namespace);
      if (subjectOf === undefined || keys.has(subjectOf)) continue;
      keys.add(subjectOf);
      const title = namespace === '' ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
      const reason = `RBAC: allowed by ${title} of ${roleRef.kind} "${roleRef.name}" to ${describeSubject(subject, namespace)}`;
      const granted = scope.get(subjectOf) ?? {
        grants: new Map<string, Grant>(),
        index: undefined,
        missing: [],
      };
      granted.grants.set(key, { role, decision: { verdict: 'allow', reason } });
      granted.index = undefined;
      scope.set(subjectOf, granted);
    }
    this.#bindings.set(key, { namespace, role, subjects: keys });
    const others = this.#bindingsOfRole.get(role);
    if (others === undefined) this.#bindingsOfRole.set(role, new Set([key]));
    else others.add(key);
  }

  deleteBinding(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const bound = this.#bindings.get(key);
    if (bound === undefined) return;
    this.#bindings.delete(key);
    const others = this.#bindingsOfRole.get(bound.role);
    others?.delete(key);
    if (others?.size === 0) this.#bindingsOfRole.delete(bound.role);
    const scope = this.#scope(namespace);
    for (const subject of bound.subjects) {
      const granted = scope.get(subject);
      if (granted === undefined) continue;
      granted.grants.delete(key);
      granted.index = undefined;
      if (granted.grants.size === 0) scope.delete(subject);
    }
    if (namespace !== '' && scope.size === 0) this.#namespaces.delete(namespace);
  }

  #find(scope: Scope, attributes: Attributes): Decision | undefined {
    const { name, groups } = attributes.user;
    const found = this.#indexOf(scope.get(`u:${name}`))?.find(attributes);
    if (found !== undefined) return found;
    for (const group of groups) {
      const decision = this.#indexOf(scope.get(`g:${group}`))?.find(attributes);
      if (decision !== undefined) return decision;
    }
    return undefined;
  }

  #indexOf(granted: Granted | undefined): RuleIndex | undefined {
    if (granted === undefined || granted.index !== undefined) return granted?.index;
    const index = new RuleIndex();
    const missing: string[] = [];
    for (const { role, decision } of granted.grants.values()) {
      const rules = this.#roles.get(role);
      if (rules === undefined) missing.push(notFound(role));
      for (const rule of rules ?? []) index.add(rule, decision);
    }
    granted.index = index;
    granted.missing = missing;
    return index;
  }

  #grants({ name, groups }: User, namespace: string): Grant[] {
    const scopes = [this.#cluster, ...(namespace === '' ? [] : [this.#namespaces.get(namespace)])];
    const keys = [`u:${name}`, ...groups.map((group) => `g:${group}`)];
    const found = new Map<string, Grant>();
    for (const scope of scopes)
      for (const key of keys)
        for (const [binding, grant] of scope?.get(key)?.grants ?? []) found.set(binding, grant);
    return [...found.values()];
  }

  /** What keeps bindings of the user without effect. */
  #missingRoles({ name, groups }: User, namespace: string): string[] {
    const found: string[] = [];
    for (const scope of [this.#cluster, namespace === '' ? undefined : this.#namespaces.get(namespace)]) {
      if (scope === undefined) continue;
      this.#collectMissing(scope.get(`u:${name}`), found);
      for (const group of groups) this.#collectMissing(scope.get(`g:${group}`), found);
    }
    return found.length < 2 ? found : [...new Set(found)];
  }

  #collectMissing(granted: Granted | undefined, into: string[]): void {
    if (granted === undefined) return;
    this.#indexOf(granted);
    if (granted.missing.length > 0) into.push(...granted.missing);
  }

  #roleChanged(role: string): void {
    for (const key of this.#bindingsOfRole.get(role) ?? []) {
      const bound = this.#bindings.get(key);
      if (bound === undefined) continue;
      const scope = this.#scope(bound.namespace);
      for (const subject of bound.subjects) {
        const granted = scope.get(subject);
        if (granted !== undefined) granted.index = undefined;
      }
    }
  }

  #scope(namespace: string): Scope {
    if (namespace === '') return this.#cluster;
    let scope = this.#namespaces.get(namespace);
    if (scope === undefined) {
      scope = new Map();
      this.#namespaces.set(namespace, scope);
    }
    return scope;
  }
}

function roleKey(kind: string, namespace: string, name: string): string {
  return `${kind}\n${kind === 'Role' ? namespace : ''}\n${name}`;
}

function notFound(role: string): string {
  const [kind = '', , name = ''] = role.split('\n');
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io "${name}" not found`;
}

/** As upstream's lists of errors print. */
function aggregate(problems: readonly string[]): string {
  const [only = ''] = problems;
  return problems.length === 1 ? only : `[${problems.join(', ')}]`;
}
