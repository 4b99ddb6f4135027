import type { Pod } from '@kubewright/api/core/v1';
import type { PodSandboxConfig } from '../../container/container-runtime.js';
import { memoryDirectories } from '../volume/pod-volumes.js';

/** What the runtime is told of a pod. */
export function sandboxConfig(
  pod: Pod,
  attempt: number,
  { logs, pod: podDirectory }: { readonly logs: string; readonly pod: string },
): PodSandboxConfig {
  const { name = '', namespace = '', uid = '', labels, annotations } = pod.metadata;
  const spec = pod.spec;
  const portMappings = (spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort !== undefined && port.hostPort !== 0)
      .map((port) => ({
        protocol: (port.protocol ?? 'TCP') as 'TCP' | 'UDP' | 'SCTP',
        containerPort: port.containerPort,
        hostPort: port.hostPort!,
        ...(port.hostIP ? { hostIp: port.hostIP } : {}),
      })),
  );
  const sysctls = Object.fromEntries(
    (spec?.securityContext?.sysctls ?? []).map((one) => [one.name, one.value]),
  );
  const memory = memoryDirectories(pod, podDirectory);
  return {
    name,
    namespace,
    uid,
    attempt,
    ...(spec?.hostNetwork ? {} : { hostname: hostnameOf(pod) }),
    labels: {
      ...labels,
      'io.kubernetes.pod.name': name,
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.uid': uid,
    },
    ...(annotations === undefined ? {} : { annotations }),
    logDirectory: logs,
    ...(spec?.hostNetwork ? { hostNetwork: true } : {}),
    ...(spec?.hostPID ? { hostPid: true } : {}),
    ...(spec?.hostIPC ? { hostIpc: true } : {}),
    ...(spec?.shareProcessNamespace ? { sharePid: true } : {}),
    ...dnsOf(pod),
    ...(portMappings.length === 0 || spec?.hostNetwork ? {} : { portMappings }),
    ...(memory.length === 0 ? {} : { memoryDirectories: memory }),
    ...(Object.keys(sysctls).length === 0 ? {} : { sysctls }),
  };
}

/** A host's name has 63 characters at most, and ends in a letter or digit. */
export function hostnameOf(pod: Pod): string {
  return pod.spec?.hostname || (pod.metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '');
}

/** Only what the pod itself asks for: cluster DNS has no server to name yet. */
function dnsOf(pod: Pod): Pick<PodSandboxConfig, 'dns'> {
  const config = pod.spec?.dnsConfig;
  if (pod.spec?.dnsPolicy !== 'None' || config === undefined) return {};
  return {
    dns: {
      servers: config.nameservers ?? [],
      searches: config.searches ?? [],
      options: (config.options ?? []).map(({ name, value }) => (value ? `${name}:${value}` : (name ?? ''))),
    },
  };
}

/** The text of a pod's /etc/hosts. Source: "Adding entries to Pod /etc/hosts with HostAliases". */
export function hostsFileText(pod: Pod, podIPs: readonly string[]): string {
  const hostname = hostnameOf(pod);
  const domain = pod.spec?.subdomain
    ? `${hostname}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.cluster.local\t`
    : '';
  const aliases = (pod.spec?.hostAliases ?? []).map(
    ({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}`,
  );
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...podIPs.map((ip) => `${ip}\t${domain}${hostname}`),
    ...(aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases]),
    '',
  ].join('\n');
}
