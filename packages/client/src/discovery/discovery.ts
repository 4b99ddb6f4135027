import type { Kind, KubernetesObject } from '@kubewright/api';
import type { CallOptions } from '../options.js';
import type { Requester } from '../request/requester.js';

/** What the server says that it serves. Asked once a group version, and kept. */
export class Discovery {
  readonly requester: Requester;

  constructor(requester: Requester) {
    this.requester = requester;
  }

  /** The kind of that name. @throws ApiError NotFound when the server has none such */
  async kindOf(
    _type: { readonly apiVersion: string; readonly kind: string },
    _options: CallOptions = {},
  ): Promise<Kind<KubernetesObject>> {
    throw new Error('not yet');
  }

  /** All kinds that the server serves, each at its preferred version. */
  async kinds(_options: CallOptions = {}): Promise<readonly Kind<KubernetesObject>[]> {
    throw new Error('not yet');
  }
}
