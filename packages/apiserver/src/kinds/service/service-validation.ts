import { dns1123LabelErrors, dns1123SubdomainErrors, qualifiedNameErrors } from '@kubewright/api';
import type { Service, ServicePort, ServiceSpec } from '@kubewright/api/core/v1';
import {
  familyOf,
  validateAddress,
  validateCidr,
  validateEndpointAddress,
} from '../../validation/addresses.js';
import { validateChoice, validateRequiredChoice } from '../../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
  required,
} from '../../validation/field-error.js';
import { portNumber, validateFormat } from '../../validation/formats.js';
import { validateLabels } from '../../validation/label-selector.js';
import { protocols } from '../pod/container-validation.js';
import { validatePort } from '../pod/handler-validation.js';
import { validateClusterIPs } from './cluster-ip-validation.js';
import { isExternal, isHeadless, needsHealthCheckPort } from './service-type.js';

const maxAffinitySeconds = 86_400;

/** A Service but for its metadata. Errors stand in upstream's order. */
export function validateService(service: Service, old?: Service): FieldError[] {
  const spec = service.spec ?? {};
  const field = path('spec');
  const ports = spec.ports ?? [];
  const errors = validateTopologyMode(service);
  if (ports.length === 0 && !isHeadless(service) && spec.type !== 'ExternalName')
    errors.push(required(field.child('ports')));
  errors.push(...validateByType(service, spec, field));
  const names = new Set<string>();
  ports.forEach((port, index) => {
    errors.push(...validateServicePort(port, ports.length > 1, names, field.child('ports').index(index)));
  });
  errors.push(...validateLabels(spec.selector, field.child('selector')));
  errors.push(...validateAffinity(spec, field));
  errors.push(...validateClusterIPs(service, old));
  (spec.externalIPs ?? []).forEach((address, index) => {
    const at = field.child('externalIPs').index(index);
    const wrong = validateAddress(address, at, old?.spec?.externalIPs);
    errors.push(...(wrong.length > 0 ? wrong : validateEndpointAddress(address, at)));
  });
  errors.push(
    ...validateRequiredChoice(
      spec.type,
      ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'],
      field.child('type'),
    ),
    ...validatePortNumbers(spec, field.child('ports')),
    ...validateLoadBalancer(service, spec, old, field),
    ...validateTraffic(service, spec, field),
  );
  return errors;
}

function validateByType(service: Service, spec: ServiceSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(service))
    errors.push(
      invalid(
        field.child('clusterIPs').index(0),
        'None',
        `may not be set to 'None' for ${spec.type} services`,
      ),
    );
  if (spec.type !== 'ExternalName') return errors;
  const why = 'may not be set for ExternalName services';
  if (spec.clusterIPs?.length) errors.push(forbiddenField(field.child('clusterIPs'), why));
  if (spec.ipFamilies?.length) errors.push(forbiddenField(field.child('ipFamilies'), why));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField(field.child('ipFamilyPolicy'), why));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  const at = field.child('externalName');
  errors.push(...(name === '' ? [required(at)] : validateFormat(dns1123SubdomainErrors, name, at)));
  return errors;
}

function validateServicePort(
  port: ServicePort,
  needsName: boolean,
  names: Set<string>,
  field: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '' } = port;
  if (name !== '') {
    errors.push(...validateFormat(dns1123LabelErrors, name, field.child('name')));
    if (names.has(name)) errors.push(duplicate(field.child('name'), name));
    names.add(name);
  } else if (needsName) errors.push(required(field.child('name')));
  errors.push(
    ...portNumber(port.port ?? 0).map((message) => invalid(field.child('port'), port.port ?? 0, message)),
    ...validateRequiredChoice(port.protocol, protocols, field.child('protocol')),
    ...validatePort(port.targetPort, field.child('targetPort')),
  );
  if (port.appProtocol !== undefined)
    errors.push(...validateFormat(qualifiedNameErrors, port.appProtocol, field.child('appProtocol')));
  return errors;
}

function validateAffinity(spec: ServiceSpec, field: FieldPath): FieldError[] {
  const errors = validateRequiredChoice(
    spec.sessionAffinity,
    ['ClientIP', 'None'],
    field.child('sessionAffinity'),
  );
  const at = field.child('sessionAffinityConfig');
  if (spec.sessionAffinity === 'ClientIP') {
    const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
    if (seconds === undefined) errors.push(required(at, 'when session affinity type is ClientIP'));
    else if (seconds <= 0 || seconds > maxAffinitySeconds)
      errors.push(
        invalid(
          at.child('clientIP', 'timeoutSeconds'),
          seconds,
          `must be greater than 0 and less than ${maxAffinitySeconds}`,
        ),
      );
  } else if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined)
    errors.push(forbiddenField(at, 'must not be set when session affinity is None'));
  return errors;
}

function validatePortNumbers(spec: ServiceSpec, field: FieldPath): FieldError[] {
  const ports = spec.ports ?? [];
  const errors: FieldError[] = [];
  if (spec.type === 'ClusterIP')
    ports.forEach(({ nodePort }, index) => {
      if (nodePort)
        errors.push(
          forbiddenField(field.index(index).child('nodePort'), "may not be used when `type` is 'ClusterIP'"),
        );
    });
  const nodePorts = new Set<string>();
  ports.forEach(({ protocol = '', nodePort }, index) => {
    if (!nodePort) return;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) errors.push(duplicate(field.index(index).child('nodePort'), nodePort));
    nodePorts.add(key);
  });
  const taken = new Set<string>();
  ports.forEach(({ protocol = '', port }, index) => {
    const key = `${protocol}/${port}`;
    // Upstream shows the port in its internal form here.
    if (taken.has(key))
      errors.push(
        duplicate(field.index(index), {
          Name: '',
          Protocol: protocol,
          AppProtocol: null,
          Port: port,
          TargetPort: 0,
          NodePort: 0,
        }),
      );
    taken.add(key);
  });
  return errors;
}

const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';
const sourceRanges = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** Two names of one annotation must not contradict each other. */
function validateTopologyMode({ metadata }: Service): FieldError[] {
  const [mode, hints] = [metadata.annotations?.[topologyMode], metadata.annotations?.[topologyHints]];
  return mode !== undefined && hints !== undefined && mode !== hints
    ? [
        invalid(
          path('metadata', 'annotations').key(topologyMode),
          mode,
          `must match annotations[${topologyHints}] when both are specified`,
        ),
      ]
    : [];
}

function validateLoadBalancer(
  { metadata }: Service,
  spec: ServiceSpec,
  old: Service | undefined,
  field: FieldPath,
): FieldError[] {
  const isLoadBalancer = spec.type === 'LoadBalancer';
  const only = "may only be used when `type` is 'LoadBalancer'";
  const errors: FieldError[] = [];
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const at = field.child('LoadBalancerSourceRanges');
  if (ranges.length > 0 && !isLoadBalancer) errors.push(forbiddenField(at, only));
  const known = (old?.spec?.loadBalancerSourceRanges ?? []).map((one) => one.trim());
  ranges.forEach((range, index) => {
    const cidr = range.trim();
    errors.push(...validateCidr(cidr, at.index(index), known));
  });
  const annotation = metadata.annotations?.[sourceRanges];
  if (ranges.length === 0 && annotation !== undefined) {
    const noteField = path('metadata', 'annotations').key(sourceRanges);
    if (!isLoadBalancer) errors.push(forbiddenField(noteField, only));
    if (old?.metadata.annotations?.[sourceRanges] !== annotation && annotation.trim() !== '')
      for (const range of annotation.split(',')) errors.push(...validateCidr(range.trim(), noteField));
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isLoadBalancer)
    errors.push(forbiddenField(field.child('allocateLoadBalancerNodePorts'), only));
  if (spec.allocateLoadBalancerNodePorts === undefined && isLoadBalancer)
    errors.push(required(path('allocateLoadBalancerNodePorts')));
  return [...errors, ...validateLoadBalancerClass(spec, undefined)];
}

/** The class of a load balancer, which it keeps. */
export function validateLoadBalancerClass(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const at = path('spec', 'loadBalancerClass');
  const { type, loadBalancerClass: name } = spec;
  const isLoadBalancer = type === 'LoadBalancer';
  const errors: FieldError[] = [];
  if (isLoadBalancer && old?.type === 'LoadBalancer' && name !== old.loadBalancerClass)
    errors.push(invalid(at, name, 'may not change once set'));
  if (name === undefined) return errors;
  return [
    ...errors,
    ...(isLoadBalancer
      ? validateFormat(qualifiedNameErrors, name, at)
      : [forbiddenField(at, "may only be used when `type` is 'LoadBalancer'")]),
  ];
}

function validateTraffic(service: Service, spec: ServiceSpec, field: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const external = field.child('externalTrafficPolicy');
  if (isExternal(service))
    errors.push(...validateRequiredChoice(spec.externalTrafficPolicy, ['Cluster', 'Local'], external));
  else if (spec.externalTrafficPolicy)
    errors.push(
      invalid(external, spec.externalTrafficPolicy, 'may only be set for externally-accessible services'),
    );
  const check = field.child('healthCheckNodePort');
  const port = spec.healthCheckNodePort ?? 0;
  // Not set is right here: the port is allocated behind validation.
  if (port !== 0) {
    if (needsHealthCheckPort(service))
      errors.push(...portNumber(port).map((message) => invalid(check, port, message)));
    else
      errors.push(
        invalid(
          check,
          port,
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
      );
  }
  const internal = field.child('internalTrafficPolicy');
  if (spec.internalTrafficPolicy === undefined) {
    if (['NodePort', 'LoadBalancer', 'ClusterIP'].includes(spec.type ?? '')) errors.push(required(internal));
  } else errors.push(...validateChoice(spec.internalTrafficPolicy, ['Cluster', 'Local'], internal));
  errors.push(
    ...validateChoice(
      spec.trafficDistribution,
      ['PreferClose', 'PreferSameZone', 'PreferSameNode'],
      field.child('trafficDistribution'),
    ),
  );
  return errors;
}

/** Where a load balancer is reached. Source: `ValidateLoadBalancerStatus` of core. */
export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const field = path('status', 'loadBalancer', 'ingress');
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && spec?.type !== 'LoadBalancer')
    return [forbiddenField(field, "may only be used when `spec.type` is 'LoadBalancer'")];
  const known = (old.status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
  return ingress.flatMap(({ ip, ipMode, hostname }, index) => {
    const at = field.index(index);
    const errors = ip ? validateAddress(ip, at.child('ip'), known) : [];
    if (ipMode === undefined) {
      if (ip) errors.push(required(at.child('ipMode'), 'must be specified when `ip` is set'));
    } else if (!ip)
      errors.push(forbiddenField(at.child('ipMode'), 'may not be specified when `ip` is not set'));
    else errors.push(...validateChoice(ipMode, ['Proxy', 'VIP'], at.child('ipMode')));
    if (!hostname) return errors;
    errors.push(...validateFormat(dns1123SubdomainErrors, hostname, at.child('hostname')));
    if (familyOf(hostname) !== undefined)
      errors.push(invalid(at.child('hostname'), hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}
