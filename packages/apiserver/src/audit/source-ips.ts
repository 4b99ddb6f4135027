import { isIP } from 'node:net';
import type { ApiRequest } from '../http/api-request.js';

/**
 * Where a request comes from: what proxies in between say, first the client, last who is connected.
 * Source: apimachinery's `SourceIPs`.
 */
export function sourceIPs({ headers, remoteAddress }: ApiRequest): string[] {
  const forwarded = text(headers['x-forwarded-for']);
  const real = text(headers['x-real-ip']).trim();
  const ips = forwarded
    .split(',')
    .map((one) => one.trim())
    .filter((one) => isIP(one) !== 0);
  if (isIP(real) !== 0 && !ips.includes(real)) ips.push(real);
  const remote = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  if (remote !== '' && ips.at(-1) !== remote) ips.push(remote);
  return ips;
}

function text(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : (value ?? []).join(',');
}
