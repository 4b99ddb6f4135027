import type { KubernetesObject } from '@kubewright/api';
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '@kubewright/api/admissionregistration/v1';
import type { Lister } from '../../registry/lister.js';
import type { ServedKind } from '../../registry/resource.js';
import type { AdmissionRequest } from '../admission-request.js';
import { isExemptResource, matchRules } from '../matching/rule-match.js';
import { readSelectors, type Selectors } from '../matching/selectors.js';
import { compileMatchConditions, type MatchConditions } from '../policy/match-conditions.js';

export type Webhook = ValidatingWebhook & Partial<Pick<MutatingWebhook, 'reinvocationPolicy'>>;

/** A webhook of a configuration, with what is read of it once. */
export interface RegisteredWebhook {
  readonly configuration: string;
  readonly webhook: Webhook;
  readonly selectors: Selectors;
  /** Undefined where there are none. */
  readonly conditions: MatchConditions | undefined;
}

/** A webhook whose rules match a kind of requests, and the version in which it wants to see them. */
export interface WebhookMatch {
  readonly registered: RegisteredWebhook;
  readonly served: ServedKind;
  /** The place for audit annotations. */
  readonly index: number;
}

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/**
 * Which webhooks a request concerns by its operation, resource, subresource and version: found out once for each of
 * these, and forgotten when a configuration changes. So a write that concerns none of a hundred pays for one look-up.
 */
export class WebhookIndex {
  readonly #lister: Lister<Configuration>;
  #revision = -1;
  #webhooks: readonly RegisteredWebhook[] = [];
  #matches = new WeakMap<ServedKind, Map<string, readonly WebhookMatch[]>>();

  constructor(lister: Lister<Configuration>) {
    this.#lister = lister;
  }

  /** In the order of the configurations' names, and of the webhooks in each. */
  matching<T extends KubernetesObject>(request: AdmissionRequest<T>): readonly WebhookMatch[] {
    const { revision } = this.#lister;
    if (revision !== this.#revision) this.#read(revision);
    if (this.#webhooks.length === 0) return none;
    const { operation, subresource } = request;
    const served = request.served as unknown as ServedKind;
    let known = this.#matches.get(served);
    if (known === undefined) {
      known = new Map();
      this.#matches.set(served, known);
    }
    const key = subresource === '' ? operation : `${operation}/${subresource}`;
    let matches = known.get(key);
    if (matches === undefined) {
      matches = this.#find({ operation, served, subresource });
      known.set(key, matches);
    }
    return matches;
  }

  #find(requested: Parameters<typeof matchRules>[2]): readonly WebhookMatch[] {
    if (isExemptResource(requested.served.kind)) return none;
    return this.#webhooks.flatMap((registered, index) => {
      const { rules = [], matchPolicy } = registered.webhook;
      const served = matchRules(rules, matchPolicy, requested);
      return served === undefined ? [] : [{ registered, served, index }];
    });
  }

  #read(revision: number): void {
    this.#revision = revision;
    this.#matches = new WeakMap();
    const configurations = [...this.#lister.list()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    this.#webhooks = configurations.flatMap((configuration) =>
      (configuration.webhooks ?? []).map((webhook) => ({
        configuration: nameOf(configuration),
        webhook,
        selectors: readSelectors(webhook),
        conditions: webhook.matchConditions?.length
          ? compileMatchConditions(webhook.matchConditions)
          : undefined,
      })),
    );
  }
}

const none: readonly WebhookMatch[] = [];

function nameOf({ metadata }: Configuration): string {
  return metadata.name ?? '';
}
