import type { PodSpec } from '@kubewright/api/core/v1';
import { describe, expect, it } from 'vitest';
import { detailsOf, violationsOf } from './evaluate.js';
import type { Level } from './level-version.js';

const latest = Number.POSITIVE_INFINITY;
const strict = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = { name: 'a', image: 'x' };

function judge(level: Level, spec: Partial<PodSpec>, minor = latest, annotations = {}): string {
  const pod = { metadata: { annotations }, spec: { containers: [container], ...spec } };
  return detailsOf(violationsOf(pod, { level, minor }));
}

const inContainer = (securityContext: object, more: object = {}): Partial<PodSpec> => ({
  containers: [{ ...container, securityContext, ...more }],
});

describe('the baseline level', () => {
  it.each<[Partial<PodSpec>, string]>([
    [{}, ''],
    [
      inContainer({ privileged: true }),
      'privileged (container "a" must not set securityContext.privileged=true)',
    ],
    [
      { hostNetwork: true, hostPID: true, hostIPC: true },
      'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
    ],
    [
      {
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'w', hostPath: { path: '/' } },
        ],
      },
      'hostPath volumes (volumes "v", "w")',
    ],
    [
      inContainer(
        {},
        {
          ports: [
            { containerPort: 80, hostPort: 80 },
            { containerPort: 9, hostPort: 8080 },
          ],
        },
      ),
      'hostPort (container "a" uses hostPorts 80, 8080)',
    ],
    [
      inContainer({}, { livenessProbe: { httpGet: { port: 1, host: '10.0.0.1' } } }),
      'probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")',
    ],
    [
      inContainer({ capabilities: { add: ['SYS_ADMIN', 'CHOWN', 'NET_RAW'] } }),
      'non-default capabilities (container "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
    [
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      inContainer({ procMount: 'Unmasked' }),
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [{ hostUsers: false, ...inContainer({ procMount: 'Unmasked' }) }, ''],
    [
      inContainer({ windowsOptions: { hostProcess: true } }),
      'hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      inContainer({ appArmorProfile: { type: 'Unconfined' } }),
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ],
    [
      { initContainers: [{ ...container, name: 'i', securityContext: { privileged: true } }] },
      'privileged (container "i" must not set securityContext.privileged=true)',
    ],
  ])('%j: %s', (spec, expected) => {
    expect(judge('baseline', spec)).toBe(expected);
    if (expected === '') return;
    expect(judge('privileged', spec)).toBe('');
  });
});

describe('the restricted level', () => {
  it.each<[Partial<PodSpec>, string]>([
    [inContainer(strict), ''],
    [
      {},
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [inContainer({ ...strict, runAsUser: 0 }), 'runAsUser=0 (container "a" must not set runAsUser=0)'],
    [
      {
        ...inContainer(strict),
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'ok', emptyDir: {} },
        ],
      },
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ],
    [
      inContainer({ ...strict, capabilities: { drop: ['ALL'], add: ['CHOWN'] } }),
      'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      inContainer({ ...strict, runAsNonRoot: false }),
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
  ])('%j: %s', (spec, expected) => expect(judge('restricted', spec)).toBe(expected));
});

describe('a version', () => {
  it('has the controls that it had', () => {
    const probe = inContainer({}, { livenessProbe: { tcpSocket: { port: 1, host: 'h' } } });
    expect(judge('baseline', probe, 33)).toBe('');
    expect(judge('baseline', probe, 34)).not.toBe('');
    const sysctls = { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } };
    expect(judge('baseline', sysctls, 31)).not.toBe('');
    expect(judge('baseline', sysctls, 32)).toBe('');
    expect(judge('restricted', inContainer({ runAsNonRoot: true }), 7)).toBe('');
    const windows = { os: { name: 'windows' }, ...inContainer({ runAsNonRoot: true }) };
    expect(judge('restricted', windows)).toBe('');
    expect(judge('restricted', windows, 24)).not.toBe('');
  });

  it('before 1.19 reads annotations', () => {
    const annotations = { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' };
    expect(judge('baseline', {}, 18, annotations)).toBe(
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    );
    expect(judge('baseline', {}, 19, annotations)).toBe('');
  });
});
