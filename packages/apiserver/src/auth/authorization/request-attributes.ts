import {
  type FieldRequirement,
  type LabelRequirement,
  parseFieldSelector,
  parseLabelSelector,
  pathSegmentErrors,
  SelectorError,
} from '@kubewright/api';
import type { RequestInfo } from '../../http/request-info.js';
import type { User } from '../user.js';
import type { Attributes } from './authorizer.js';

/** Verbs of many objects, which selectors restrict. */
const selectingVerbs = new Set(['list', 'watch', 'deletecollection']);

/** What a request wants to do. Selectors are read when an authorizer asks for them. */
export class RequestAttributes implements Attributes {
  readonly user: User;
  readonly #info: RequestInfo;
  #fields: readonly FieldRequirement[] | undefined;
  #labels: readonly LabelRequirement[] | undefined;

  constructor(user: User, info: RequestInfo) {
    this.user = user;
    this.#info = info;
  }

  get verb(): string {
    return this.#info.verb;
  }

  get isResource(): boolean {
    return this.#info.isResource;
  }

  get path(): string {
    return this.#info.path;
  }

  get apiGroup(): string {
    return this.#info.group;
  }

  get apiVersion(): string {
    return this.#info.version;
  }

  get resource(): string {
    return this.#info.resource;
  }

  get subresource(): string {
    return this.#info.subresource;
  }

  get namespace(): string {
    return this.#info.namespace;
  }

  /** A list or watch of one name is of that object. Source: apiserver's `RequestInfoFactory`. */
  get name(): string {
    const { name, verb, query } = this.#info;
    if (name !== '' || (verb !== 'list' && verb !== 'watch') || !query.has('fieldSelector')) return name;
    const one = this.fieldSelector?.find(
      ({ field, operator }) => field === 'metadata.name' && operator === '=',
    );
    return one !== undefined && pathSegmentErrors(one.value).length === 0 ? one.value : '';
  }

  get fieldSelector(): readonly FieldRequirement[] | undefined {
    this.#fields ??= this.#selector('fieldSelector', parseFieldSelector);
    return this.#fields;
  }

  get labelSelector(): readonly LabelRequirement[] | undefined {
    this.#labels ??= this.#selector('labelSelector', parseLabelSelector);
    return this.#labels;
  }

  #selector<T>(option: string, parse: (text: string) => readonly T[]): readonly T[] | undefined {
    const { verb, query, isResource } = this.#info;
    const text = isResource && selectingVerbs.has(verb) ? (query.get(option) ?? '') : '';
    if (text === '') return undefined;
    try {
      const requirements = parse(text);
      return requirements.length === 0 ? undefined : requirements;
    } catch (error) {
      // What can't be read restricts nothing here; the verb refuses it later.
      if (error instanceof SelectorError) return undefined;
      throw error;
    }
  }
}
