import { type ApiError, dns1123SubdomainErrors } from '@kubewright/api';
import { LRUCache } from 'lru-cache';
import type { Attributes, Authorizer } from '../authorization/authorizer.js';
import { privilegedGroup } from '../authorization/authorizer.js';
import { forbiddenRequest } from '../authorization/forbidden-request.js';
import { allAuthenticated, allUnauthenticated, anonymousUser, type User } from '../user.js';
import { invalidExtra } from './extra.js';

const authenticationGroup = 'authentication.k8s.io';
const nodePrefix = 'system:node:';
/** In the extra of a service account's token: the node of the pod that it is bound to. */
const nodeNameKey = 'authentication.kubernetes.io/node-name';

export interface ImpersonatedUser {
  readonly user: User;
  /** The verb that allowed it (`impersonate:user-info`); empty for the plain `impersonate`. */
  readonly constraint: string;
}

/** One way in which somebody may be let be another, besides the plain verb. These are asked about the request, too. */
interface Mode {
  readonly name: string;
  /** Whether this mode is for such a user at all. */
  fits(wanted: User, requestor: User): boolean;
}

/** Source: KEP-5284, constrained impersonation, in the order in which they are tried. */
const constrainedModes: readonly Mode[] = [
  {
    name: 'associated-node',
    fits: (wanted, requestor) => isNameOnly(wanted) && isAtNode(requestor, wanted.name),
  },
  { name: 'arbitrary-node', fits: (wanted) => isNameOnly(wanted) && nodeOf(wanted.name) !== undefined },
  { name: 'serviceaccount', fits: (wanted) => isNameOnly(wanted) && accountOf(wanted.name) !== undefined },
  {
    name: 'user-info',
    fits: ({ name }) => nodeOf(name) === undefined && accountOf(name) === undefined,
  },
];

/** How many users' last modes are remembered. */
const maxUsers = 10_000;

/**
 * Finds out whether one user may be another. Who impersonates mostly does it in one way, so that the mode that allowed
 * it last is tried first, and is the one that is spoken of where none allows it.
 */
export class Impersonation {
  readonly #authorizer: Authorizer;
  /** Made when somebody impersonates: the place in {@link constrainedModes} by user, beyond them the plain verb. */
  #lastModes: LRUCache<string, number> | undefined;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /**
   * The user that a request is made as.
   * @param attributes of the request as who asks makes it
   * @throws ApiError Forbidden, of the first mode that was tried
   */
  async userFor(wanted: User, attributes: Attributes): Promise<ImpersonatedUser> {
    this.#lastModes ??= new LRUCache({ max: maxUsers });
    const { name } = attributes.user;
    const last = this.#lastModes.get(name);
    const order = [...constrainedModes.keys(), constrainedModes.length];
    if (last !== undefined) order.unshift(...order.splice(last, 1));
    let first: ApiError | undefined;
    for (const at of order) {
      const outcome = await this.#try(constrainedModes[at], wanted, attributes);
      if (outcome === undefined) continue;
      if ('user' in outcome) {
        this.#lastModes.set(name, at);
        return outcome;
      }
      first ??= outcome;
    }
    throw first ?? forbiddenRequest(attributes, '');
  }

  /** @param mode undefined for the plain verb. @returns undefined where the mode is not for such a user */
  async #try(
    mode: Mode | undefined,
    wanted: User,
    attributes: Attributes,
  ): Promise<ImpersonatedUser | ApiError | undefined> {
    const { user: requestor } = attributes;
    if (mode === undefined) {
      const refused = await new Checks(this.#authorizer, 'impersonate', requestor, false).user(wanted);
      return refused ?? { user: withGroups(wanted, false), constraint: '' };
    }
    if (!mode.fits(wanted, requestor)) return undefined;
    const constraint = `impersonate:${mode.name}`;
    const checks = new Checks(this.#authorizer, constraint, requestor, true);
    const refused = (await checks.request(attributes, mode.name)) ?? (await checks.user(wanted));
    return refused ?? { user: withGroups(wanted, true), constraint };
  }
}

/** Asks whether somebody may be a user: for the name, the UID, each group and each extra. */
class Checks {
  readonly #authorizer: Authorizer;
  readonly #verb: string;
  readonly #requestor: User;
  readonly #constrained: boolean;

  constructor(authorizer: Authorizer, verb: string, requestor: User, constrained: boolean) {
    this.#authorizer = authorizer;
    this.#verb = verb;
    this.#requestor = requestor;
    this.#constrained = constrained;
  }

  /** Whether the request itself may be made in this mode. @returns the refusal */
  request(attributes: Attributes, mode: string): Promise<ApiError | undefined> {
    const { user, isResource, path, apiGroup, apiVersion, resource, subresource } = attributes;
    const { namespace, name, fieldSelector, labelSelector } = attributes;
    const on = { user, isResource, path, apiGroup, apiVersion, resource, subresource, namespace, name };
    const selectors = { fieldSelector, labelSelector };
    return this.#ask({
      ...on,
      ...selectors,
      ...(mode === 'associated-node' ? { user: withoutExtraValues(user) } : {}),
      verb: `impersonate-on:${mode}:${attributes.verb}`,
    });
  }

  /** @returns the first refusal */
  async user(wanted: User): Promise<ApiError | undefined> {
    const { uid = '', groups, extra = {} } = wanted;
    return (
      (await this.#ask(this.#nameAttributes(wanted.name))) ??
      (uid === '' ? undefined : await this.#ask(this.#of('uids', uid, authenticationGroup))) ??
      (await this.#groups(groups)) ??
      (await this.#extra(extra))
    );
  }

  #nameAttributes(name: string): Attributes {
    const node = this.#constrained ? nodeOf(name) : undefined;
    if (node !== undefined) {
      const associated = this.#verb.endsWith('associated-node');
      const attributes = this.#of('nodes', associated ? '*' : node);
      return associated ? { ...attributes, user: withoutExtraValues(this.#requestor) } : attributes;
    }
    const account = accountOf(name);
    if (account === undefined) return this.#of('users', name);
    return { ...this.#of('serviceaccounts', account.name), namespace: account.namespace };
  }

  async #groups(groups: readonly string[]): Promise<ApiError | undefined> {
    if (this.#constrained) {
      if (groups.includes(''))
        return forbiddenRequest(
          this.#of('groups', ''),
          'impersonating the empty string group is not allowed',
        );
      if (groups.includes(privilegedGroup))
        return forbiddenRequest(
          this.#of('groups', privilegedGroup),
          `impersonating the ${privilegedGroup} group is not allowed`,
        );
    }
    for (const group of groups) {
      const refused = await this.#ask(this.#of('groups', group));
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  async #extra(extra: Readonly<Record<string, readonly string[]>>): Promise<ApiError | undefined> {
    const attributes = this.#of('userextras', '', authenticationGroup);
    const wrong = this.#constrained ? invalidExtra(extra) : undefined;
    if (wrong !== undefined) return forbiddenRequest(attributes, wrong);
    for (const [subresource, values] of Object.entries(extra))
      for (const name of values) {
        const refused = await this.#ask({ ...attributes, subresource, name });
        if (refused !== undefined) return refused;
      }
    return undefined;
  }

  #of(resource: string, name: string, apiGroup = this.#constrained ? authenticationGroup : ''): Attributes {
    return {
      user: this.#requestor,
      verb: this.#verb,
      isResource: true,
      path: '',
      apiGroup,
      apiVersion: 'v1',
      resource,
      subresource: '',
      namespace: '',
      name,
    };
  }

  async #ask(attributes: Attributes): Promise<ApiError | undefined> {
    const { verdict, reason, error } = await this.#authorizer.authorize(attributes);
    if (verdict === 'allow') return undefined;
    const texts = [...(error === undefined ? [] : [error.message]), ...(reason === '' ? [] : [reason])];
    return forbiddenRequest(attributes, texts.join(': '));
  }
}

/** The groups that the user has besides those that were asked for. */
function withGroups(wanted: User, constrained: boolean): User {
  const fixed = fixedGroups(wanted, constrained);
  const groups = fixed ?? wanted.groups;
  const add = (group: string) =>
    groups.includes(group) ? { ...wanted, groups } : { ...wanted, groups: [...groups, group] };
  if (wanted.name === anonymousUser.name) return add(allUnauthenticated);
  return groups.includes(allUnauthenticated) ? { ...wanted, groups } : add(allAuthenticated);
}

function fixedGroups({ name, groups }: User, constrained: boolean): readonly string[] | undefined {
  if (constrained && nodeOf(name) !== undefined) return ['system:nodes'];
  const account = accountOf(name);
  if (account === undefined || groups.length > 0) return undefined;
  return ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
}

function isNameOnly({ uid = '', groups, extra = {} }: User): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
}

function nodeOf(name: string): string | undefined {
  if (!name.startsWith(nodePrefix)) return undefined;
  const node = name.slice(nodePrefix.length);
  return dns1123SubdomainErrors(node).length === 0 ? node : undefined;
}

function accountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  if (namespace === '') return undefined;
  const wrong = [...dns1123SubdomainErrors(namespace), ...dns1123SubdomainErrors(name)];
  return wrong.length === 0 && !namespace.includes('.') ? { namespace, name } : undefined;
}

function isAtNode({ name, extra = {} }: User, wanted: string): boolean {
  const node = nodeOf(wanted);
  const [known, ...more] = extra[nodeNameKey] ?? [];
  return node !== undefined && accountOf(name) !== undefined && known === node && more.length === 0;
}

/** The node was looked at already; authorizers see that all nodes' agents have the same rights. */
function withoutExtraValues(user: User): User {
  const keys = Object.keys(user.extra ?? {}).sort();
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } };
}
