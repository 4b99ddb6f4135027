import { readFile } from 'node:fs/promises';
import { type ExposedMetric, exposed, type MetricValue } from './series.js';

/** What Linux says of this process, under the names of Go's client; the library that exposes metrics has the others. */
export function processMetrics(): ExposedMetric[] {
  return [
    ofLinux('process_virtual_memory_max_bytes', 'gauge', {
      help: 'The most virtual memory that the process may have.',
      file: '/proc/self/limits',
      read: addressSpace,
    }),
    ofLinux('process_network_receive_bytes_total', 'counter', {
      help: "Bytes that the network of the process's namespace brought.",
      file: '/proc/self/net/netstat',
      read: (text) => octets(text, 'InOctets'),
    }),
    ofLinux('process_network_transmit_bytes_total', 'counter', {
      help: "Bytes that went out to the network of the process's namespace.",
      file: '/proc/self/net/netstat',
      read: (text) => octets(text, 'OutOctets'),
    }),
  ];
}

function ofLinux(
  name: string,
  type: 'counter' | 'gauge',
  of: {
    readonly help: string;
    readonly file: string;
    readonly read: (text: string) => number | undefined;
  },
): ExposedMetric {
  return exposed(name, type, of.help, async (): Promise<MetricValue[]> => {
    if (process.platform !== 'linux') return [];
    const value = of.read(await readFile(of.file, 'utf8'));
    return value === undefined ? [] : [{ labels: {}, value }];
  });
}

/** The soft limit of `Max address space`; all that 64 bits can name where there is none. */
export function addressSpace(limits: string): number | undefined {
  const [, soft] = /^Max address space\s+(\S+)/m.exec(limits) ?? [];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? 2 ** 64 : Number(soft);
}

/** A column of the table `IpExt`, whose first line has the names and whose second has the numbers. */
export function octets(netstat: string, column: string): number | undefined {
  const [names, numbers] = netstat
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '));
  const text = numbers?.[names?.indexOf(column) ?? -1];
  return text === undefined ? undefined : Number(text);
}
