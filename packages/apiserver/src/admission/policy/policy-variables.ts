import type { KubernetesObject } from '@kubewright/api';
import { Namespace } from '@kubewright/api/core/v1';
import type { Attributes, Decision } from '../../auth/authorization/authorizer.js';
import { reviewAttributes } from '../../auth/authorization/review-attributes.js';
import { serviceAccountUsername } from '../../auth/service-account/service-account-user.js';
import { asAuthenticated, type User } from '../../auth/user.js';
import {
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  authorizerValues,
} from '../../cel/library/authorizer.js';
import type { ServedKind } from '../../registry/resource.js';
import type { AdmissionRequest } from '../admission-request.js';
import { requestFields } from '../request-fields.js';
import { inVersion } from '../webhooks/webhook-objects.js';

/** What all evaluations of one request share: made when an expression first asks for it. */
export class RequestVariables {
  readonly #request: AdmissionRequest;
  readonly #byVersion = new Map<ServedKind, VersionVariables>();
  #authorizer: ReturnType<typeof authorizerValues> | undefined;
  #namespaceObject: KubernetesObject | null | undefined;

  constructor(request: AdmissionRequest) {
    this.#request = request;
  }

  in(served: ServedKind): VersionVariables {
    let variables = this.#byVersion.get(served);
    if (variables === undefined) {
      variables = new VersionVariables(this, this.#request, served);
      this.#byVersion.set(served, variables);
    }
    return variables;
  }

  /** Other versions of the object are made anew. */
  objectChanged(): void {
    this.#byVersion.clear();
  }

  get authorizer(): ReturnType<typeof authorizerValues> {
    const { user, context, resource, subresource, namespace, name } = this.#request;
    const { group, plural } = resource.rules.kind;
    this.#authorizer ??= authorizerValues((question) => ask(context.authorizer, user, question), {
      group,
      resource: plural,
      subresource,
      namespace,
      name,
    });
    return this.#authorizer;
  }

  /** Null for objects of the cluster, namespaces among them. */
  get namespaceObject(): KubernetesObject | null {
    if (this.#namespaceObject === undefined) {
      const { resource, namespace, context } = this.#request;
      const found = resource.namespaced ? context.objects.lister(Namespace).get('', namespace) : undefined;
      this.#namespaceObject = found ?? null;
    }
    return this.#namespaceObject;
  }
}

/** The variables of a request in one version. */
class VersionVariables {
  readonly #of: RequestVariables;
  readonly #request: AdmissionRequest;
  readonly #served: ServedKind;
  #object: KubernetesObject | null | undefined;
  #oldObject: KubernetesObject | null | undefined;
  #fields: object | undefined;

  constructor(of: RequestVariables, request: AdmissionRequest, served: ServedKind) {
    this.#of = of;
    this.#request = request;
    this.#served = served;
  }

  /** The same with another object: what a mutation has made of it. */
  withObject(object: KubernetesObject): VersionVariables {
    const other = new VersionVariables(this.#of, this.#request, this.#served);
    other.#object = object;
    return other;
  }

  get object(): KubernetesObject | null {
    this.#object ??= inVersion(this.#request, this.#request.object, this.#served) ?? null;
    return this.#object;
  }

  get oldObject(): KubernetesObject | null {
    this.#oldObject ??= inVersion(this.#request, this.#request.oldObject, this.#served) ?? null;
    return this.#oldObject;
  }

  get request(): object {
    this.#fields ??= requestFields(this.#request, this.#served);
    return this.#fields;
  }

  get namespaceObject(): KubernetesObject | null {
    return this.#of.namespaceObject;
  }

  get authorizer() {
    return this.#of.authorizer.authorizer;
  }

  get requestResource() {
    return this.#of.authorizer.requestResource;
  }
}

export type { VersionVariables };

interface AsksAuthorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>;
}

function ask(
  authorizer: AsksAuthorizer,
  user: User,
  question: AuthorizationQuestion,
): AuthorizationAnswer | Promise<AuthorizationAnswer> {
  const decision = authorizer.authorize(attributesOf(user, question));
  return decision instanceof Promise ? decision.then(answerOf) : answerOf(decision);
}

function answerOf({ verdict, reason, error }: Decision): AuthorizationAnswer {
  return { allowed: verdict === 'allow', reason, ...(error && { error: error.message }) };
}

function attributesOf(asking: User, question: AuthorizationQuestion): Attributes {
  const { serviceAccount, verb, path, fieldSelector = '', labelSelector = '', ...resource } = question;
  const user = serviceAccount === undefined ? asking : serviceAccountUser(serviceAccount);
  const asked =
    path === undefined
      ? {
          resourceAttributes: {
            ...resource,
            verb,
            version: '*',
            ...(fieldSelector !== '' && { fieldSelector: { rawSelector: fieldSelector } }),
            ...(labelSelector !== '' && { labelSelector: { rawSelector: labelSelector } }),
          },
        }
      : { nonResourceAttributes: { verb, path } };
  return reviewAttributes(user, asked).attributes;
}

function serviceAccountUser({ namespace, name }: { namespace: string; name: string }): User {
  return asAuthenticated({
    name: serviceAccountUsername(namespace, name),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  });
}
