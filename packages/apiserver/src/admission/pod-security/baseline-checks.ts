import type { LifecycleHandler, Probe, SELinuxOptions } from '@kubewright/api/core/v1';
import {
  type Check,
  containersOf,
  distinct,
  namesOf,
  type PodShape,
  plural,
  quoted,
  setters,
  type Violation,
} from './check.js';
import { badProfile } from './profiles.js';

const defaultCapabilities = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);

function addedCapabilities({ spec }: PodShape): Violation | undefined {
  const added = containersOf(spec).map((container) => ({
    container,
    bad: (container.securityContext?.capabilities?.add ?? []).filter((one) => !defaultCapabilities.has(one)),
  }));
  const bad = added.filter((one) => one.bad.length > 0);
  if (bad.length === 0) return undefined;
  const names = namesOf(bad.map(({ container }) => container));
  const capabilities = quoted(distinct(bad.flatMap((one) => one.bad)));
  return {
    reason: 'non-default capabilities',
    detail: `${names} must not include ${capabilities} in securityContext.capabilities.add`,
  };
}

function hostNamespaces({ spec }: PodShape): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
  return shared.length === 0
    ? undefined
    : { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') };
}

function hostPathVolumes({ spec }: PodShape): Violation | undefined {
  const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined);
  if (volumes.length === 0) return undefined;
  const names = quoted(volumes.map(({ name }) => name));
  return { reason: 'hostPath volumes', detail: `${plural('volume', volumes)} ${names}` };
}

function hostPorts({ spec }: PodShape): Violation | undefined {
  const portsOf = ({ ports = [] }: ReturnType<typeof containersOf>[number]) =>
    ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]));
  const bad = containersOf(spec).filter((container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = distinct(bad.flatMap(portsOf));
  const uses = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'hostPort',
    detail: `${namesOf(bad)} ${uses} ${plural('hostPort', ports)} ${ports.join(', ')}`,
  };
}

function hosts({ spec }: PodShape): Violation | undefined {
  const hostsOf = (container: ReturnType<typeof containersOf>[number]): string[] => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const handlers: (Probe | LifecycleHandler | undefined)[] = [
      ...[livenessProbe, readinessProbe, startupProbe],
      ...[lifecycle?.postStart, lifecycle?.preStop],
    ];
    return handlers.flatMap((one) => [one?.httpGet?.host ?? '', one?.tcpSocket?.host ?? '']).filter(Boolean);
  };
  const bad = containersOf(spec).filter((container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const found = distinct(bad.flatMap(hostsOf));
  const uses = bad.length === 1 ? 'uses' : 'use';
  const sorted = [...bad].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    reason: 'probe or lifecycle host',
    detail: `${namesOf(sorted)} ${uses} ${plural('probe or lifecycle host', found)} ${quoted(found)}`,
  };
}

function privileged({ spec }: PodShape): Violation | undefined {
  const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.privileged === true);
  return bad.length === 0
    ? undefined
    : { reason: 'privileged', detail: `${namesOf(bad)} must not set securityContext.privileged=true` };
}

/** Of both levels. */
export function procMount({ spec }: PodShape): Violation | undefined {
  const typeOf = ({ securityContext }: ReturnType<typeof containersOf>[number]) =>
    securityContext?.procMount ?? 'Default';
  const bad = containersOf(spec).filter((container) => typeOf(container) !== 'Default');
  if (bad.length === 0) return undefined;
  const types = quoted(distinct(bad.map(typeOf)));
  return {
    reason: 'procMount',
    detail: `${namesOf(bad)} must not set securityContext.procMount to ${types}`,
  };
}

/** A pod with users of its own is not the machine's root. */
export function hasOwnUsers({ spec }: PodShape): boolean {
  return spec.hostUsers === false;
}

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

function seLinux(allowed: readonly string[]) {
  return ({ spec }: PodShape): Violation | undefined => {
    const optionsOf = (context: { readonly seLinuxOptions?: SELinuxOptions | undefined } | undefined) => {
      const { type = '', user = '', role = '' } = context?.seLinuxOptions ?? {};
      return {
        type,
        user: user !== '',
        role: role !== '',
        bad: !allowed.includes(type) || user !== '' || role !== '',
      };
    };
    const pod = optionsOf(spec.securityContext);
    const bad = containersOf(spec).filter(({ securityContext }) => optionsOf(securityContext).bad);
    const who = setters(pod.bad, bad);
    if (who === '') return undefined;
    const all = [...(pod.bad ? [pod] : []), ...bad.map(({ securityContext }) => optionsOf(securityContext))];
    const types = distinct(all.map(({ type }) => type).filter((type) => !allowed.includes(type)));
    const what = [
      ...(types.length === 0 ? [] : [`${plural('type', types)} ${quoted(types)}`]),
      ...(all.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(all.some(({ role }) => role) ? ['role may not be set'] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    };
  };
}

const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';

/** From before there was a field. */
function seccompAnnotations({ metadata, spec }: PodShape): Violation | undefined {
  const annotations = metadata?.annotations ?? {};
  const keys = [podSeccomp, ...containersOf(spec).map(({ name }) => `${containerSeccomp}${name}`)];
  const bad = keys.filter((key) => {
    const value = annotations[key];
    return value !== undefined && !/^(?:runtime\/default|docker\/default|localhost\/.*)$/s.test(value);
  });
  if (bad.length === 0) return undefined;
  const texts = distinct(bad.map((key) => `${key}=${JSON.stringify(annotations[key])}`));
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', texts)} ${texts.join(', ')}` };
}

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

function appArmor({ metadata, spec }: PodShape): Violation | undefined {
  const isBad = (type: string | undefined) =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const podType = spec.securityContext?.appArmorProfile?.type;
  const bad = containersOf(spec).filter(({ securityContext }) =>
    isBad(securityContext?.appArmorProfile?.type),
  );
  const types = [
    ...(podType !== undefined && isBad(podType) ? [podType] : []),
    ...bad.map(({ securityContext }) => securityContext?.appArmorProfile?.type ?? ''),
  ];
  const annotations = Object.entries(metadata?.annotations ?? {})
    .filter(
      ([key, value]) =>
        key.startsWith(appArmorAnnotation) && !/^(?:|runtime\/default|localhost\/.*)$/s.test(value),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const who = [
    setters(isBad(podType), bad),
    annotations.length === 0 ? '' : plural('annotation', annotations),
  ]
    .filter(Boolean)
    .join(' and ');
  if (who === '') return undefined;
  const values = [...distinct(types), ...annotations];
  return {
    reason: plural('forbidden AppArmor profile', values),
    detail: `${who} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

const sysctlsByVersion: readonly (readonly [from: number, names: readonly string[]])[] = [
  [
    0,
    [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.tcp_syncookies',
      'net.ipv4.ping_group_range',
      'net.ipv4.ip_unprivileged_port_start',
    ],
  ],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [
    29,
    [
      'net.ipv4.tcp_keepalive_time',
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
    ],
  ],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
];

function sysctls(allowed: ReadonlySet<string>) {
  return ({ spec }: PodShape): Violation | undefined => {
    const bad = (spec.securityContext?.sysctls ?? [])
      .map(({ name }) => name)
      .filter((name) => !allowed.has(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };
}

const sysctlChecks = sysctlsByVersion.map(([from], index): Check => {
  const allowed = new Set(sysctlsByVersion.slice(0, index + 1).flatMap(([, names]) => names));
  return { id: 'sysctls', level: 'baseline', from, run: sysctls(allowed) };
});

function windowsHostProcess({ spec }: PodShape): Violation | undefined {
  const bad = containersOf(spec).filter(
    ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true,
  );
  const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, bad);
  return who === ''
    ? undefined
    : {
        reason: 'hostProcess',
        detail: `${who} must not set securityContext.windowsOptions.hostProcess=true`,
      };
}

const baseline = (id: string, from: number, run: Check['run']): Check => ({
  id,
  level: 'baseline',
  from,
  run,
});

/** Source: the Baseline policy of the Pod Security Standards page. */
export const baselineChecks: readonly Check[] = [
  baseline('appArmorProfile', 0, appArmor),
  baseline('capabilities_baseline', 0, addedCapabilities),
  baseline('hostNamespaces', 0, hostNamespaces),
  baseline('hostPathVolumes', 0, hostPathVolumes),
  baseline('hostPorts', 0, hostPorts),
  baseline('hostProbesAndHostLifecycle', 34, hosts),
  baseline('privileged', 0, privileged),
  baseline('procMount', 0, procMount),
  baseline('procMount', 35, (pod) => (hasOwnUsers(pod) ? undefined : procMount(pod))),
  baseline('seLinuxOptions', 0, seLinux(seLinuxTypes)),
  baseline('seLinuxOptions', 31, seLinux([...seLinuxTypes, 'container_engine_t'])),
  baseline('seccompProfile_baseline', 0, seccompAnnotations),
  baseline('seccompProfile_baseline', 19, badProfile),
  ...sysctlChecks,
  baseline('windowsHostProcess', 0, windowsHostProcess),
];
