import type { Container, ContainerPort, EphemeralContainer } from '@kubewright/api/core/v1';
import type { FieldPath } from '../../validation/field-error.js';

/** Ports that say the same twice, or nearly. Source: `warningsForPodSpecAndMeta`. */
export function portWarnings(
  containers: readonly (readonly [Container | EphemeralContainer, FieldPath])[],
): string[] {
  const ports: PlacedPort[] = [];
  for (const [{ ports: own = [] }, container] of containers)
    for (const [index, port] of own.entries()) ports.push({ port, container, index });
  if (ports.length < 2 && ports[0]?.port.hostIP === undefined) return [];
  const warnings: string[] = [];
  const known = new Map<string, PlacedPort[]>();
  for (const one of ports) {
    const { port } = one;
    if (port.hostIP && !port.hostPort)
      warnings.push(`${pathOf(one)}: hostIP set without hostPort: ${shown(port)}`);
    const key = `${port.containerPort}/${port.protocol ?? ''}`;
    const others = known.get(key);
    if (others === undefined) {
      known.set(key, [one]);
      continue;
    }
    for (const other of others) {
      const how = overlap(port, other.port);
      if (how !== undefined) warnings.push(`${pathOf(one)}: ${how} port definition with ${pathOf(other)}`);
    }
    others.push(one);
  }
  const names = new Map<string, PlacedPort>();
  for (const one of ports) {
    const { name } = one.port;
    if (!name) continue;
    const other = names.get(name);
    if (other === undefined) names.set(name, one);
    else
      warnings.push(
        `${pathOf(one)}: duplicate port name ${JSON.stringify(name)} with ${pathOf(other)}, services and probes that select ports by name will use ${pathOf(other)}`,
      );
  }
  return warnings;
}

interface PlacedPort {
  readonly port: ContainerPort;
  readonly container: FieldPath;
  readonly index: number;
}

function pathOf({ container, index }: PlacedPort): FieldPath {
  return container.child('ports').index(index);
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
