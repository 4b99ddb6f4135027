import type { Service } from '@kubewright/api/core/v1';

/**
 * The variables by which a container finds services: `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT`, one for each named
 * port, and those of Docker's links. Services without a cluster IP have none.
 * Source: "Service", discovering services by environment variables.
 */
export function serviceVariables(services: Iterable<Service>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const service of services) {
    const host = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    const first = ports[0];
    if (!host || host === 'None' || first === undefined) continue;
    const prefix = variableName(service.metadata.name ?? '');
    variables[`${prefix}_SERVICE_HOST`] = host;
    variables[`${prefix}_SERVICE_PORT`] = String(first.port);
    for (const port of ports)
      if (port.name) variables[`${prefix}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port);
    const address = host.includes(':') ? `[${host}]` : host;
    variables[`${prefix}_PORT`] = `${(first.protocol ?? 'TCP').toLowerCase()}://${address}:${first.port}`;
    for (const port of ports) {
      const protocol = port.protocol ?? 'TCP';
      const link = `${prefix}_PORT_${port.port}_${protocol}`;
      variables[link] = `${protocol.toLowerCase()}://${address}:${port.port}`;
      variables[`${link}_PROTO`] = protocol.toLowerCase();
      variables[`${link}_PORT`] = String(port.port);
      variables[`${link}_ADDR`] = host;
    }
  }
  return variables;
}

/**
 * The services whose variables a pod gets: those of its namespace where it wants links, and `kubernetes` of the
 * default namespace always, by which programs find the API server.
 */
export function linkedServices(
  services: Iterable<Service>,
  pod: { readonly namespace: string; readonly enableServiceLinks: boolean },
): Service[] {
  const linked = new Map<string, Service>();
  for (const service of services) {
    const { name = '', namespace } = service.metadata;
    const master = name === 'kubernetes' && namespace === 'default';
    if (master && !linked.has(name)) linked.set(name, service);
    if (pod.enableServiceLinks && namespace === pod.namespace) linked.set(name, service);
  }
  return [...linked.values()];
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
