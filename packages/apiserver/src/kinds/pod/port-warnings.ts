import type { Container, ContainerPort, EphemeralContainer } from '@kubewright/api/core/v1';
import type { FieldPath } from '../../validation/field-error.js';

/** Ports that say the same twice, or nearly. Source: `warningsForPodSpecAndMeta`. */
export function portWarnings(
  containers: readonly (readonly [Container | EphemeralContainer, FieldPath])[],
): string[] {
  const ports = containers.flatMap(([{ ports = [] }, field]) =>
    ports.map((port, index) => ({ port, at: field.child('ports').index(index) })),
  );
  if (ports.length < 2 && ports[0]?.port.hostIP === undefined) return [];
  const warnings: string[] = [];
  const known = new Map<string, { port: ContainerPort; at: FieldPath }[]>();
  for (const one of ports) {
    const { port, at } = one;
    if (port.hostIP && !port.hostPort) warnings.push(`${at}: hostIP set without hostPort: ${shown(port)}`);
    const key = `${port.containerPort}/${port.protocol ?? ''}`;
    const others = known.get(key) ?? [];
    for (const other of others) {
      const how = overlap(port, other.port);
      if (how !== undefined) warnings.push(`${at}: ${how} port definition with ${other.at}`);
    }
    known.set(key, [...others, one]);
  }
  const names = new Map<string, FieldPath>();
  for (const { port, at } of ports) {
    if (!port.name) continue;
    const other = names.get(port.name);
    if (other === undefined) names.set(port.name, at);
    else
      warnings.push(
        `${at}: duplicate port name ${JSON.stringify(port.name)} with ${other}, services and probes that select ports by name will use ${other}`,
      );
  }
  return warnings;
}

function overlap(port: ContainerPort, other: ContainerPort): string | undefined {
  const [ip = '', otherIp = ''] = [port.hostIP, other.hostIP];
  const [host = 0, otherHost = 0] = [port.hostPort, other.hostPort];
  if (ip === otherIp && host === otherHost) return 'duplicate';
  if (host === 0 || otherHost === 0) return 'overlapping';
  return host === otherHost && (ip === '') !== (otherIp === '') ? 'dangerously ambiguous' : undefined;
}

/** As Go prints a struct with its fields' names. */
function shown(port: ContainerPort): string {
  const { name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' } = port;
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}
