import type { Kind, KubernetesObject } from '@kubewright/api';
import { ApiError, isApiError } from '@kubewright/api/protocol';
import type { CallOptions } from '../options.js';
import { groupVersionPath } from '../request/path.js';
import type { Requester } from '../request/requester.js';
import { type ApiResource, kindsOf } from './kinds-of.js';

interface ApiResourceList {
  readonly groupVersion: string;
  readonly resources: readonly ApiResource[];
}

interface ApiGroupList {
  readonly groups: readonly {
    readonly name: string;
    readonly versions: readonly { readonly version: string }[];
    readonly preferredVersion?: { readonly version: string };
  }[];
}

export interface DiscoveryOptions extends CallOptions {
  /** Takes the fault of a group that does not answer, so that the others count. */
  readonly onFault?: ((error: ApiError, apiVersion: string) => void) | undefined;
}

/** What the server says that it serves. Asked once a group version, and kept; what is missing is asked for again. */
export class Discovery {
  readonly #requester: Requester;
  readonly #groupVersions = new Map<string, readonly Kind<KubernetesObject>[]>();

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** The kind of that name. @throws ApiError NotFound when the server has none such */
  async kindOf(
    type: { readonly apiVersion: string; readonly kind: string },
    options: CallOptions = {},
  ): Promise<Kind<KubernetesObject>> {
    const known = this.#groupVersions.has(type.apiVersion);
    const find = async () =>
      (await this.kindsOfVersion(type.apiVersion, options)).find(({ kind }) => kind === type.kind);
    let found = await find();
    if (found === undefined && known) {
      // A kind may have come since the server was asked, as with a new CustomResourceDefinition.
      this.#groupVersions.delete(type.apiVersion);
      found = await find();
    }
    if (found !== undefined) return found;
    throw new ApiError('NotFound', `the server has no kind ${type.kind} in ${type.apiVersion}`);
  }

  /** The kinds of one group version, such as `apps/v1`; none when the server does not have it. */
  async kindsOfVersion(
    apiVersion: string,
    options: CallOptions = {},
  ): Promise<readonly Kind<KubernetesObject>[]> {
    const known = this.#groupVersions.get(apiVersion);
    if (known !== undefined) return known;
    const kinds = await this.#ask(apiVersion, options);
    // That there is none is not kept: it may come at any time.
    if (kinds.length > 0) this.#groupVersions.set(apiVersion, kinds);
    return kinds;
  }

  /**
   * All kinds that the server serves, each group at its preferred version.
   * @throws the fault of a group that does not answer, as that of a server behind this one may not, unless `onFault`
   * takes it: then the kinds of the others are given
   */
  async kinds(options: DiscoveryOptions = {}): Promise<readonly Kind<KubernetesObject>[]> {
    const core = await this.#get<{ readonly versions: readonly string[] }>('/api', options);
    const { groups } = await this.#get<ApiGroupList>('/apis', options);
    const apiVersions = [
      ...core.versions.slice(0, 1),
      ...groups.flatMap(({ name, versions, preferredVersion }) => {
        const version = preferredVersion?.version ?? versions[0]?.version;
        return version === undefined ? [] : [`${name}/${version}`];
      }),
    ];
    const kindsOf = async (apiVersion: string) => {
      try {
        return await this.kindsOfVersion(apiVersion, options);
      } catch (error) {
        if (options.onFault === undefined || !isApiError(error)) throw error;
        options.onFault(error, apiVersion);
        return [];
      }
    };
    return (await Promise.all(apiVersions.map(kindsOf))).flat();
  }

  /**
   * The kind that a person means: `pods`, `pod`, `po`, `Pod`, `deployments.apps`, `deployments.v1.apps`. Where several
   * groups have the name, the first one that the server lists counts, as with kubectl.
   * @throws ApiError NotFound when the server has none such, or the fault of a group that might have it
   */
  async kindNamed(name: string, options: CallOptions = {}): Promise<Kind<KubernetesObject>> {
    const [first = '', ...rest] = name.split('.');
    const matches = (kind: Kind, text: string) =>
      [kind.plural, kind.singular, kind.kind.toLowerCase(), ...kind.shortNames].includes(text.toLowerCase());
    const group = rest.join('.');
    let fault: ApiError | undefined;
    const onFault = (error: ApiError) => {
      fault = error;
    };
    for (const kind of await this.kinds({ ...options, onFault }))
      if (matches(kind, first) && (rest.length === 0 || kind.group === group)) return kind;
    const [version = '', ...groupParts] = rest;
    const apiVersion = groupParts.length === 0 ? version : `${groupParts.join('.')}/${version}`;
    const versioned = version === '' ? [] : await this.kindsOfVersion(apiVersion, options);
    const found = versioned.find((kind) => matches(kind, first));
    if (found !== undefined) return found;
    throw fault ?? new ApiError('NotFound', `the server has no resource type ${JSON.stringify(name)}`);
  }

  /** Forgets what was asked, as after a change of the server's kinds. */
  refresh(): void {
    this.#groupVersions.clear();
  }

  async #ask(apiVersion: string, options: CallOptions): Promise<readonly Kind<KubernetesObject>[]> {
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    try {
      const list = await this.#get<ApiResourceList>(groupVersionPath(group, version), options);
      return kindsOf(group, version, list.resources);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return [];
      throw error;
    }
  }

  #get<R>(path: string, options: CallOptions): Promise<R> {
    return this.#requester.json<R>({
      method: 'GET',
      path,
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }
}
