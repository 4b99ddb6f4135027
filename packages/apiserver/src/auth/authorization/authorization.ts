import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '@kubewright/api/rbac/v1';
import type { AuthorizationMetrics } from '../../metrics/authorization-metrics.js';
import { followObjects } from '../../registry/follow-objects.js';
import type { ResourceTable } from '../../registry/resource-table.js';
import type { AuthorizationMode } from './authorization-modes.js';
import type { Authorizer, Decision } from './authorizer.js';
import { alwaysAllow, alwaysDeny, privilegedGroups } from './fixed-authorizers.js';
import { followNodeGraph } from './node/follow-node-graph.js';
import { NodeAuthorizer } from './node/node-authorizer.js';
import { NodeGraph } from './node/node-graph.js';
import { RbacAuthorizer } from './rbac/rbac-authorizer.js';
import { union } from './union.js';

export interface AuthorizationOptions {
  /**
   * Who decides, in the order in which they are asked: modes by name, webhooks and authorizers of one's own. Whoever
   * is in `system:masters` may do everything before that.
   */
  readonly modes: readonly (AuthorizationMode | Authorizer)[];
}

/** Everybody who is known may do everything. */
export const openAuthorization: AuthorizationOptions = { modes: ['AlwaysAllow'] };

/** Who decides on a server, and what it decides by. */
export class Authorization {
  readonly authorizer: Authorizer = {
    authorize: (attributes) => this.#asked.authorize(attributes),
    rulesFor: (user, namespace) => this.#asked.rulesFor(user, namespace),
  };
  readonly roles = new RbacAuthorizer();
  readonly #graph = new NodeGraph();
  readonly #metrics: AuthorizationMetrics;
  #options: AuthorizationOptions;
  /** All who are asked, as one. */
  #asked: Authorizer;

  constructor(options: AuthorizationOptions, metrics: AuthorizationMetrics) {
    this.#metrics = metrics;
    this.#options = options;
    this.#asked = this.#unionOf(options);
  }

  get modes(): readonly AuthorizationMode[] {
    return this.#options.modes.filter((mode) => typeof mode === 'string');
  }

  /**
   * Asks others from now on, or in another order. Source: reload of `--authorization-config`.
   * @throws Error where RBAC or Node would come or go: they follow objects from the start, or not at all
   */
  replace(options: AuthorizationOptions): void {
    for (const mode of ['Node', 'RBAC'] as const)
      if (options.modes.includes(mode) !== this.modes.includes(mode))
        throw new Error(`type ${mode} cannot be added or removed while the server runs`);
    this.#asked = this.#unionOf(options);
    this.#options = options;
  }

  /** Follows the objects that decisions depend on, whose caches are ready. */
  follow(resources: ResourceTable): void {
    const { roles } = this;
    for (const kind of [Role, ClusterRole])
      followObjects<Role | ClusterRole>(resources, kind, {
        set: (role) => roles.setRole(role),
        delete: (namespace, name) => roles.deleteRole(kind, namespace, name),
      });
    for (const kind of [RoleBinding, ClusterRoleBinding])
      followObjects<RoleBinding | ClusterRoleBinding>(resources, kind, {
        set: (binding) => roles.setBinding(binding),
        delete: (namespace, name) => roles.deleteBinding(namespace, name),
      });
    if (this.modes.includes('Node')) followNodeGraph(resources, this.#graph);
  }

  #unionOf({ modes }: AuthorizationOptions): Authorizer {
    return union([
      privilegedGroups,
      ...modes.map((mode) =>
        typeof mode === 'string'
          ? this.#counted(this.#authorizerOf(mode), { type: mode, name: mode.toLowerCase() })
          : this.#counted(mode, { type: 'Webhook', name: mode.name ?? '' }),
      ),
    ]);
  }

  /** Counts what one of them decides. */
  #counted(authorizer: Authorizer, labels: { readonly type: string; readonly name: string }): Authorizer {
    const { allowed, denied } = this.#metrics.decisions(labels);
    const count = (decision: Decision): Decision => {
      if (decision.verdict === 'allow') allowed.value += 1;
      else if (decision.verdict === 'deny') denied.value += 1;
      return decision;
    };
    return {
      authorize: (attributes) => {
        const decision = authorizer.authorize(attributes);
        return decision instanceof Promise ? decision.then(count) : count(decision);
      },
      rulesFor: (user, namespace) => authorizer.rulesFor(user, namespace),
    };
  }

  #authorizerOf(mode: AuthorizationMode): Authorizer {
    switch (mode) {
      case 'AlwaysAllow':
        return alwaysAllow;
      case 'AlwaysDeny':
        return alwaysDeny;
      case 'Node':
        return new NodeAuthorizer(this.#graph);
      case 'RBAC':
        return this.roles;
    }
  }
}
