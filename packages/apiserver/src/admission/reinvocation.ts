import { encodeJson } from '@kubewright/api';
import type { AdmissionRequest } from './admission-request.js';

/**
 * What the second round of a plugin that asks others (webhooks, policies) needs to know of the first: who of them wants
 * to see what was changed after it. Source: KEP-906.
 */
export class Reinvocation<T> {
  readonly #reinvocable = new Set<T>();
  readonly #due = new Set<T>();
  /** What the last of them left. */
  #output = '';

  /** Built-in plugins may have changed something since: all who want to know are asked again. */
  begin(request: AdmissionRequest): void {
    if (request.isSecondRound && encodeJson(request.object) !== this.#output) this.#becomeDue();
  }

  /** Whether it is asked in this round. */
  isAsked(one: T, request: AdmissionRequest): boolean {
    return !request.isSecondRound || this.#due.delete(one);
  }

  /** One was asked. @param wantsMore whether it wants to see what is changed after it */
  asked(
    one: T,
    request: AdmissionRequest,
    { isChanged, wantsMore }: { isChanged: boolean; wantsMore: boolean },
  ): void {
    if (isChanged) {
      this.#becomeDue();
      request.askForSecondRound();
    }
    if (wantsMore) this.#reinvocable.add(one);
  }

  end(request: AdmissionRequest): void {
    this.#output = encodeJson(request.object);
  }

  #becomeDue(): void {
    for (const one of this.#reinvocable) this.#due.add(one);
    this.#reinvocable.clear();
  }
}
