import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from '@kubewright/api/core/v1';
import { numeric } from './quantity-number.js';

/** What the downward API says beyond the pod's spec and metadata. */
export interface DownwardFacts {
  /** The pod's addresses, as far as they are known. */
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  /** What a container without a limit may use: the node's allocatable `cpu`, `memory`, … */
  readonly allocatable: Readonly<Record<string, string>>;
}

/**
 * The value of `fieldRef`. @throws Error for a path that the downward API does not know
 * Source: "Downward API", available fields.
 */
export function podField(pod: Pod, selector: ObjectFieldSelector, facts: DownwardFacts): string {
  const path = selector.fieldPath;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null)
    return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2]!] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? '';
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return quotedMap(pod.metadata.labels);
    case 'metadata.annotations':
      return quotedMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.podIP':
      return facts.podIPs[0] ?? '';
    case 'status.podIPs':
      return facts.podIPs.join(',');
    case 'status.hostIP':
      return facts.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIPs.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/**
 * The value of `resourceFieldRef`: a limit or request in units of the divisor, rounded up. Where there is no limit,
 * what the node can give. @throws Error for a resource that the downward API does not know
 */
export function resourceField(
  container: Container,
  selector: ResourceFieldSelector,
  facts: DownwardFacts,
): string {
  const [list, name, ...rest] = selector.resource.split('.');
  const resource = [name, ...rest].join('.');
  if (
    (list !== 'limits' && list !== 'requests') ||
    !/^(cpu|memory|ephemeral-storage|hugepages-.+)$/.test(resource)
  )
    throw new Error(`unsupported container resource : ${selector.resource}`);
  const own = container.resources?.[list]?.[resource];
  const quantity = own ?? (list === 'limits' ? facts.allocatable[resource] : undefined) ?? '0';
  const divisor = selector.divisor === undefined || String(selector.divisor) === '0' ? '1' : selector.divisor;
  return String(Math.ceil(numeric(quantity) / numeric(divisor)));
}

/** One `key="value"` a line, keys in order, values quoted as Go does. */
function quotedMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
