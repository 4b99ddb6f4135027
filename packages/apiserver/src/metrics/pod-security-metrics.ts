import { countersByLabels, counts, type ExposedMetric } from './series.js';

/** What is counted of a request: `create`, `pod`, and the empty subresource. */
export interface CountedRequest {
  readonly operation: string;
  readonly resource: 'pod' | 'namespace' | 'controller';
  readonly subresource: string;
}

/** How the Pod Security Standards are applied. */
export class PodSecurityMetrics {
  readonly #evaluations = countersByLabels();
  readonly #exemptions = countersByLabels();
  readonly #errors = countersByLabels();

  evaluated(
    request: CountedRequest,
    of: {
      readonly decision: 'allow' | 'deny';
      readonly level: string;
      readonly version: string;
      readonly mode: 'enforce' | 'audit' | 'warn';
    },
  ): void {
    const { decision, level, version, mode } = of;
    const labels = { decision, mode, policy_level: level, policy_version: version, ...labelsOf(request) };
    this.#evaluations.at(labels).value++;
  }

  exempted(request: CountedRequest): void {
    this.#exemptions.at(labelsOf(request)).value++;
  }

  /** A policy of a namespace that can not be read; the strictest is taken in its place. */
  failed(request: CountedRequest): void {
    this.#errors.at({ fatal: 'false', ...labelsOf(request) }).value++;
  }

  metrics(): ExposedMetric[] {
    return [
      counts(
        'pod_security_evaluations_total',
        '[ALPHA] Evaluations of pods against a level.',
        this.#evaluations,
      ),
      counts('pod_security_exemptions_total', '[ALPHA] Requests that are exempt.', this.#exemptions),
      counts(
        'pod_security_errors_total',
        '[ALPHA] Errors that kept a pod from being evaluated.',
        this.#errors,
      ),
    ];
  }
}

function labelsOf({ operation, resource, subresource }: CountedRequest) {
  return { request_operation: operation.toLowerCase(), resource, subresource };
}
