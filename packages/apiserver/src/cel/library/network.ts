import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { one, plus, type SizeEstimate, scaled } from '../cost/ranges.js';
import type { CallCost, FunctionDeclaration } from '../functions/declaration.js';
import { BOOL, type CelType, INT, opaqueType, STRING } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { equalBytes } from '../values/equality.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { addressProblem } from './address-problem.js';
import { scanCost } from './costs.js';
import { global, method, named } from './define.js';

export const ipType = opaqueType('net.IP');
export const cidrType = opaqueType('net.CIDR');

class IP extends CelValue {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }

  get type(): CelType {
    return ipType;
  }

  get costSize(): number {
    return this.bytes.length;
  }

  equals(other: unknown): boolean {
    return other instanceof IP && equalBytes(this.bytes, other.bytes);
  }

  /** In the canonical form of RFC 5952. */
  override toString(): string {
    const address = ipaddr.fromByteArray([...this.bytes]);
    return address.kind() === 'ipv6' ? (address as ipaddr.IPv6).toRFC5952String() : address.toString();
  }
}

class CIDR extends CelValue {
  readonly address: IP;
  readonly prefixLength: number;

  constructor(address: IP, prefixLength: number) {
    super();
    this.address = address;
    this.prefixLength = prefixLength;
  }

  get type(): CelType {
    return cidrType;
  }

  get costSize(): number {
    return Math.ceil(this.prefixLength / 8);
  }

  equals(other: unknown): boolean {
    return (
      other instanceof CIDR && this.prefixLength === other.prefixLength && this.address.equals(other.address)
    );
  }

  masked(): CIDR {
    const bytes = this.address.bytes.map((byte, index) => {
      const bits = Math.min(8, Math.max(0, this.prefixLength - index * 8));
      return byte & (0xff << (8 - bits));
    });
    return new CIDR(new IP(bytes), this.prefixLength);
  }

  contains(ip: IP): boolean {
    if (ip.bytes.length !== this.address.bytes.length) return false;
    return new CIDR(ip, this.prefixLength).masked().address.equals(this.masked().address);
  }

  override toString(): string {
    return `${this.address}/${this.prefixLength}`;
  }
}

const addressSize: SizeEstimate = { min: 4, max: 16 };

/** The bytes of two addresses are compared; a text has to be read before. */
function containsCost(text: boolean): CallCost {
  return {
    estimate: ({ args: [, other] }) => {
      const compared = scaled(plus(addressSize, addressSize), traversalFactor);
      return { cost: text ? plus(compared, scaled(other!.size, traversalFactor)) : compared };
    },
    actual: ([cidr, other]) => traversal(sizeOf(cidr!), 2) + (text ? traversal(sizeOf(other!)) : 0),
  };
}

function containsCidrCost(text: boolean): CallCost {
  const contains = containsCost(text);
  return {
    estimate: (call) => ({
      cost: plus(contains.estimate?.(call)?.cost ?? one, scaled(addressSize, traversalFactor), one),
    }),
    actual: (args) => (contains.actual?.(args) ?? 1) + traversal(sizeOf(args[0]!)) + 1,
  };
}

/** Kubernetes' IP and CIDR libraries. */
export const networkFunctions: readonly FunctionDeclaration[] = [
  named(
    'ip',
    global(['string_to_ip', [STRING], ipType], parseIp, scanCost()),
    method(['cidr_ip', [cidrType], ipType], ({ address }: CIDR) => address),
  ),
  named(
    'isIP',
    global(['is_ip', [STRING], BOOL], (text: string) => readIp(text) instanceof IP, scanCost()),
  ),
  named(
    'ip.isCanonical',
    global(
      ['ip_is_canonical', [STRING], BOOL],
      (text: string) => parseIp(text).toString() === text,
      scanCost(2),
    ),
  ),
  named(
    'family',
    method(['ip_family', [ipType], INT], ({ bytes }: IP) => (bytes.length === 4 ? 4 : 6)),
  ),
  named(
    'isUnspecified',
    method(['ip_is_unspecified', [ipType], BOOL], ({ bytes }: IP) => bytes.every((byte) => byte === 0)),
  ),
  named('isLoopback', method(['ip_is_loopback', [ipType], BOOL], isLoopback)),
  named('isLinkLocalMulticast', method(['ip_is_link_local_multicast', [ipType], BOOL], isLinkLocalMulticast)),
  named('isLinkLocalUnicast', method(['ip_is_link_local_unicast', [ipType], BOOL], isLinkLocalUnicast)),
  named('isGlobalUnicast', method(['ip_is_global_unicast', [ipType], BOOL], isGlobalUnicast)),
  named('cidr', global(['string_to_cidr', [STRING], cidrType], parseCidr, scanCost())),
  named(
    'isCIDR',
    global(['is_cidr', [STRING], BOOL], (text: string) => readCidr(text) instanceof CIDR, scanCost()),
  ),
  named(
    'containsIP',
    method(
      ['cidr_contains_ip_string', [cidrType, STRING], BOOL],
      (cidr: CIDR, ip: string) => cidr.contains(parseIp(ip)),
      containsCost(true),
    ),
    method(
      ['cidr_contains_ip_ip', [cidrType, ipType], BOOL],
      (cidr: CIDR, ip: IP) => cidr.contains(ip),
      containsCost(false),
    ),
  ),
  named(
    'containsCIDR',
    method(
      ['cidr_contains_cidr_string', [cidrType, STRING], BOOL],
      (cidr: CIDR, other: string) => containsCidr(cidr, parseCidr(other)),
      containsCidrCost(true),
    ),
    method(['cidr_contains_cidr', [cidrType, cidrType], BOOL], containsCidr, containsCidrCost(false)),
  ),
  named(
    'prefixLength',
    method(['cidr_prefix_length', [cidrType], INT], ({ prefixLength }: CIDR) => prefixLength),
  ),
  named(
    'masked',
    method(['cidr_masked', [cidrType], cidrType], (cidr: CIDR) => cidr.masked()),
  ),
  named(
    'string',
    global(['ip_to_string', [ipType], STRING], String),
    global(['cidr_to_string', [cidrType], STRING], String),
  ),
];

/** The address, or why the text is none. */
function readIp(text: string): IP | string {
  if (isIPv4(text)) return new IP(Uint8Array.from(ipaddr.IPv4.parse(text).octets));
  const quoted = JSON.stringify(text);
  if (!isIPv6(text))
    return `IP Address ${quoted} parse error during conversion from string: ${addressProblem(text)}`;
  if (text.includes('%')) return `IP address ${quoted} with zone value is not allowed`;
  const address = ipaddr.IPv6.parse(text);
  if (address.isIPv4MappedAddress()) return `IPv4-mapped IPv6 address ${quoted} is not allowed`;
  return new IP(Uint8Array.from(address.toByteArray()));
}

function parseIp(text: string): IP {
  const found = readIp(text);
  if (typeof found === 'string') throw new EvaluationError(found);
  return found;
}

function readCidr(text: string): CIDR | string {
  const quoted = JSON.stringify(text);
  const found = readPrefix(text);
  if (found instanceof CIDR) return found;
  const [address] = text.split('/');
  if (isIPv6(address!) && ipaddr.IPv6.parse(address!).isIPv4MappedAddress())
    return `IPv4-mapped IPv6 address ${quoted} is not allowed`;
  return `network address parse error during conversion from string: netip.ParsePrefix(${quoted}): ${found}`;
}

/** The range, or why the text is none. Source: ParsePrefix of Go's net/netip. */
function readPrefix(text: string): CIDR | string {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return "no '/'";
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  const ip = readIp(address);
  if (typeof ip === 'string')
    return isIPv6(address) ? 'IPv6 zones cannot be present in a prefix' : addressProblem(address);
  if (!/^(0|[1-9]\d*)$/.test(bits)) return `bad bits after slash: ${JSON.stringify(bits)}`;
  if (Number(bits) > ip.bytes.length * 8) return 'prefix length out of range';
  return new CIDR(ip, Number(bits));
}

function parseCidr(text: string): CIDR {
  const found = readCidr(text);
  if (typeof found === 'string')
    throw new EvaluationError(`network address parse error during conversion from string: ${found}`);
  return found;
}

function containsCidr(cidr: CIDR, other: CIDR): boolean {
  return cidr.prefixLength <= other.prefixLength && cidr.contains(other.address);
}

function isLoopback({ bytes }: IP): boolean {
  return bytes.length === 4
    ? bytes[0] === 127
    : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

function isLinkLocalMulticast({ bytes }: IP): boolean {
  if (bytes.length === 4) return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0;
  return bytes[0] === 0xff && (bytes[1]! & 0x0f) === 0x02;
}

function isLinkLocalUnicast({ bytes }: IP): boolean {
  if (bytes.length === 4) return bytes[0] === 169 && bytes[1] === 254;
  return bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

/** Also of private addresses: everything but the special ones. Source: Go's net/netip. */
function isGlobalUnicast(ip: IP): boolean {
  const { bytes } = ip;
  const four = bytes.length === 4;
  if (four && bytes.every((byte) => byte === 255)) return false;
  const multicast = four ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff;
  const unspecified = bytes.every((byte) => byte === 0);
  return !unspecified && !multicast && !isLoopback(ip) && !isLinkLocalUnicast(ip);
}
