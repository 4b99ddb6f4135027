/**
 * Why a text is no IP address, in the words of Go's `netip.ParseAddr`, which users of these libraries read. Only for
 * texts that are none. Source: Go's net/netip/netip.go.
 */
export function addressProblem(text: string): string {
  const { message, at } = problemOf(text);
  const where = at === undefined ? '' : ` (at ${JSON.stringify(at)})`;
  return `ParseAddr(${JSON.stringify(text)}): ${message}${where}`;
}

interface Problem {
  readonly message: string;
  readonly at?: string;
}

function problemOf(text: string): Problem {
  switch (/[.:%]/.exec(text)?.[0]) {
    case '.':
      return ipv4Problem(text) ?? unreadable;
    case ':':
      return ipv6Problem(text) ?? unreadable;
    case '%':
      return { message: 'missing IPv6 address' };
    default:
      return unreadable;
  }
}

const unreadable: Problem = { message: 'unable to parse IP' };

function ipv4Problem(text: string): Problem | undefined {
  let [digits, value, fields] = [0, 0, 0];
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === '.') {
      if (index === 0 || index === text.length - 1 || text[index - 1] === '.')
        return { message: 'IPv4 field must have at least one digit', at: text.slice(index) };
      if (fields === 3) return { message: 'IPv4 address too long' };
      [digits, value, fields] = [0, 0, fields + 1];
    } else if (character < '0' || character > '9')
      return { message: 'unexpected character', at: text.slice(index) };
    else {
      if (digits === 1 && value === 0) return { message: 'IPv4 field has octet with leading zero' };
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) return { message: 'IPv4 field has value >255' };
    }
  }
  return fields < 3 ? { message: 'IPv4 address too short' } : undefined;
}

function ipv6Problem(text: string): Problem | undefined {
  const zone = text.indexOf('%');
  if (zone === text.length - 1) return { message: 'zone must be a non-empty string' };
  let rest = zone < 0 ? text : text.slice(0, zone);
  let shortened = rest.startsWith('::');
  if (shortened) rest = rest.slice(2);
  let fields = 0;
  while (rest !== '' && fields < 8) {
    const digits = /^[0-9A-Fa-f]*/.exec(rest)![0].length;
    if (digits > 4) return { message: 'each group must have 4 or fewer digits', at: rest };
    if (digits === 0) return { message: 'each colon-separated field must have at least one digit', at: rest };
    if (rest[digits] === '.') return embeddedProblem(rest, fields, shortened);
    fields++;
    const after = rest.slice(digits);
    rest = after.slice(1);
    if (after === '') break;
    if (after[0] !== ':') return { message: 'unexpected character, want colon', at: after };
    if (rest === '') return { message: 'colon must be followed by more characters', at: after };
    if (rest.startsWith(':')) {
      if (shortened) return { message: 'multiple :: in address', at: rest };
      shortened = true;
      rest = rest.slice(1);
    }
  }
  if (rest !== '') return { message: 'trailing garbage after address', at: rest };
  if (fields < 8) return shortened ? undefined : { message: 'address string too short' };
  return shortened ? { message: 'the :: must expand to at least one field of zeros' } : undefined;
}

function embeddedProblem(rest: string, fields: number, shortened: boolean): Problem | undefined {
  if (!shortened && fields !== 6)
    return {
      message: 'embedded IPv4 address must replace the final 2 fields of the address',
      at: rest,
    };
  if (fields > 6)
    return {
      message: 'too many hex fields to fit an embedded IPv4 at the end of the address',
      at: rest,
    };
  return ipv4Problem(rest);
}
