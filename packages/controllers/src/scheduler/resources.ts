import { quantityMilliValue, quantityValue } from '@kubewright/api';
import type { Container, Pod } from '@kubewright/api/core/v1';
import type { Quantity } from '@kubewright/api/meta/v1';

/** Amounts by resource name: `cpu` in thousandths, all others in whole units (bytes, pieces). */
export type Resources = Readonly<Record<string, number>>;

/** What a container that asks for nothing is taken to use where nodes are compared. Source: upstream's scheduler. */
const assumed: Resources = { cpu: 100, memory: 200 * 1024 * 1024 };

export function parseResources(quantities: Readonly<Record<string, Quantity>> | undefined): Resources {
  return Object.fromEntries(
    Object.entries(quantities ?? {}).map(([name, quantity]) => [
      name,
      Number(name === 'cpu' ? quantityMilliValue(quantity) : quantityValue(quantity)),
    ]),
  );
}

/**
 * What a pod asks for: its containers and sidecars together, or an init container (with the sidecars before it)
 * where that is more; and the overhead. Requests of the pod as a whole stand in place of the sum.
 * Source: the Kubernetes page on sidecar containers, "Resource sharing within containers".
 */
export function podRequests(pod: Pod): Resources {
  return requestsWith(pod, ({ resources }) => parseResources(resources?.requests));
}

/** The same with {@link assumed} amounts for containers that ask for no CPU or memory. */
export function podRequestsAssumed(pod: Pod): Resources {
  return requestsWith(pod, ({ resources }) => ({ ...assumed, ...parseResources(resources?.requests) }));
}

function requestsWith({ spec }: Pod, requestsOf: (container: Container) => Resources): Resources {
  let running: Resources = {};
  let starting: Resources = {};
  for (const container of spec?.containers ?? []) running = add(running, requestsOf(container));
  let sidecars: Resources = {};
  for (const container of spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') sidecars = add(sidecars, requestsOf(container));
    starting = max(
      starting,
      container.restartPolicy === 'Always' ? sidecars : add(sidecars, requestsOf(container)),
    );
  }
  const together = max(add(running, sidecars), starting);
  return add({ ...together, ...parseResources(spec?.resources?.requests) }, parseResources(spec?.overhead));
}

export function add(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x + y);
}

export function subtract(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x - y);
}

function max(a: Resources, b: Resources): Resources {
  return combine(a, b, Math.max);
}

function combine(a: Resources, b: Resources, operation: (x: number, y: number) => number): Resources {
  const result: Record<string, number> = { ...a };
  for (const [name, amount] of Object.entries(b)) result[name] = operation(result[name] ?? 0, amount);
  return result;
}
