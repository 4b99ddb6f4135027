import type { Container } from '@kubewright/api/core/v1';
import { BackOff } from './back-off.js';
import type { WaitingReason } from './status.js';

/** The reason of a container whose image could not be had just now. */
export const errImagePull = 'ErrImagePull';

/**
 * Holds back pulls that failed: ErrImagePull until the container is looked at again, then ImagePullBackOff until the
 * next try, 10 s later, then 20 s, up to 5 minutes. Source: "Images", ImagePullBackOff.
 */
export class PullBackOff {
  readonly #backOff = new BackOff();
  readonly #failures = new Map<string, { readonly at: number; readonly message: string }>();

  /** Notes that a try has failed. */
  failed({ image = '' }: Container, message: string, now: number): void {
    this.#failures.set(image, { at: now, message });
    this.#backOff.next(image, now);
  }

  /** What the container waits for, and for how long; undefined where a try is due. */
  held(
    { image = '' }: Container,
    now: number,
  ): { readonly waiting: WaitingReason; readonly remainingMs: number } | undefined {
    const failure = this.#failures.get(image);
    const remainingMs = failure === undefined ? 0 : this.#backOff.remainingMs(image, failure.at, now);
    if (failure === undefined || remainingMs <= 0) return undefined;
    const message = `Back-off pulling image "${image}": ${errImagePull}: ${failure.message}`;
    return { waiting: { reason: 'ImagePullBackOff', message }, remainingMs };
  }
}
