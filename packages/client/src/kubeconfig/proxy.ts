import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

export function isProxyUrl(text: string): boolean {
  return /^(?:https?|socks5h?):\/\/./.test(text) && URL.canParse(text);
}

/**
 * The proxy that the environment names for a server: `HTTPS_PROXY`, `HTTP_PROXY` for plain HTTP, `NO_PROXY` for what is
 * reached without, each in lower case too. Loopback addresses are never proxied.
 * Source: Go's `http.ProxyFromEnvironment`, which kubectl asks.
 * @throws TypeError for a value that is no URL
 */
export function proxyFromEnvironment(server: string, env: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const scheme = protocol.slice(0, -1).toUpperCase();
  const name = `${scheme}_PROXY`;
  const value = env[name] || env[name.toLowerCase()];
  if (!value) return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (isLoopback(host)) return undefined;
  const exceptions = (env.NO_PROXY || env.no_proxy || '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase());
  const ownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  if (exceptions.some((entry) => entry !== '' && isException(entry, host, ownPort))) return undefined;
  const url = value.includes('://') ? value : `http://${value}`;
  if (isProxyUrl(url)) return url;
  throw new TypeError(`${name} must be an http, https or socks5 URL, not ${JSON.stringify(value)}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** `*`, an address, a range of them, a name with everything below it; all but ranges perhaps with a port. */
function isException(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (/\/\d+$/.test(entry)) return isInRange(entry, host);
  const [, name = entry, entryPort] =
    /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const plain = name.replace(/^\[(.*)\]$/, '$1').replace(/^\*\./, '.');
  if (isIP(plain) !== 0) return plain === host;
  // A leading dot takes the names below alone.
  return plain.startsWith('.') ? host.endsWith(plain) : host === plain || host.endsWith(`.${plain}`);
}

function isInRange(range: string, host: string): boolean {
  const version = isIP(host);
  const [address = '', bits = ''] = range.split('/');
  if (version === 0 || isIP(address) !== version || Number(bits) > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(host, family);
}
