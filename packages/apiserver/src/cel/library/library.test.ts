import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../compile.js';
import { kubernetesEnvironment } from '../kubernetes-environment.js';

/** Source: the tests of Kubernetes' CEL libraries; each of these is true there. */
const truths: Record<string, readonly string[]> = {
  quantities: [
    'isQuantity("20")',
    'isQuantity("20M")',
    'isQuantity("20Mi")',
    '!isQuantity("20Mo")',
    '!isQuantity("10Mm")',
    'quantity("200M") == quantity("200M")',
    'quantity("200M") == quantity("0.2G") && quantity("0.2G") == quantity("200M")',
    'quantity("2000k") == quantity("2M") && quantity("0.002G") == quantity("2000k")',
    'quantity("200M") != quantity("0.3G")',
    'quantity("50M").isLessThan(quantity("50Mi"))',
    'quantity("50M").isLessThan(quantity("100M"))',
    '!quantity("100M").isLessThan(quantity("50M"))',
    'quantity("50Mi").isGreaterThan(quantity("50M"))',
    'quantity("150Mi").isGreaterThan(quantity("100Mi"))',
    '!quantity("50M").isGreaterThan(quantity("100M"))',
    'quantity("200M").compareTo(quantity("0.2G")) == 0',
    'quantity("50M").compareTo(quantity("50Mi")) == -1',
    'quantity("50Mi").compareTo(quantity("50M")) == 1',
    'quantity("50k").add(quantity("20")) == quantity("50.02k")',
    '!quantity("50k").add(20).isLessThan(quantity("50020"))',
    'quantity("50k").sub(quantity("20")) == quantity("49.98k")',
    'quantity("50k").sub(20) == quantity("49980")',
    'quantity("50k").add(20).sub(quantity("100k")).asInteger() == -49980',
    'quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() == 20',
    'quantity("50k").asInteger() == 50000',
    '!quantity("9999999999999999999999999999999999999G").isInteger()',
    'quantity("50").isInteger()',
    'quantity("50.703k").asApproximateFloat() == 50703.0',
    '[quantity("9999999999999999999999999999999999999")].all(x, x.add(quantity("1")).compareTo(x.add(quantity("2"))) == -1)',
  ],
  addresses: [
    'isIP("192.168.0.1")',
    '!isIP("192.168.0.1.0")',
    'ip.isCanonical("127.0.0.1")',
    'ip("192.168.0.1").family() == 4',
    'ip("0.0.0.0").isUnspecified()',
    '!ip("127.0.0.1").isUnspecified()',
    'ip("127.0.0.1").isLoopback()',
    '!ip("1.2.3.4").isLoopback()',
    'ip("224.0.0.1").isLinkLocalMulticast()',
    '!ip("224.0.1.1").isLinkLocalMulticast()',
    'ip("169.254.169.254").isLinkLocalUnicast()',
    '!ip("192.168.0.1").isLinkLocalUnicast()',
    'ip("192.168.0.1").isGlobalUnicast()',
    '!ip("255.255.255.255").isGlobalUnicast()',
    'isIP("2001:db8::68")',
    '!isIP("2001:db8:::68")',
    'ip.isCanonical("2001:db8::68")',
    '!ip.isCanonical("2001:DB8::68")',
    'ip("2001:db8::68").family() == 6',
    'ip("::").isUnspecified()',
    '!ip("::1").isUnspecified()',
    'ip("::1").isLoopback()',
    '!ip("2001:db8::abcd").isLoopback()',
    'ip("ff02::1").isLinkLocalMulticast()',
    '!ip("fd00::1").isLinkLocalMulticast()',
    'ip("fe80::1").isLinkLocalUnicast()',
    '!ip("fd80::1").isLinkLocalUnicast()',
    'ip("2001:db8::abcd").isGlobalUnicast()',
    '!ip("ff00::1").isGlobalUnicast()',
    'string(ip("192.168.0.1")) == "192.168.0.1"',
    'string(ip("2001:DB8::68")) == "2001:db8::68"',
    'type(ip("192.168.0.1")) == net.IP',
  ],
  'ranges of addresses': [
    'cidr("192.168.0.0/24").containsIP(ip("192.168.0.1"))',
    '!cidr("192.168.0.0/24").containsIP(ip("192.168.1.1"))',
    'cidr("192.168.0.0/24").containsIP("192.168.0.1")',
    '!cidr("192.168.0.0/24").containsIP("192.168.1.1")',
    'cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/25"))',
    'cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.1/32"))',
    '!cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/23"))',
    '!cidr("192.168.0.0/24").containsCIDR(cidr("192.169.0.1/32"))',
    'cidr("192.168.0.0/24").containsCIDR("192.168.0.0/25")',
    '!cidr("192.168.0.0/24").containsCIDR("192.168.0.0/23")',
    'cidr("192.168.0.0/24").ip() == ip("192.168.0.0")',
    'cidr("192.168.0.0/24").masked() == cidr("192.168.0.0/24")',
    'cidr("192.168.0.1/24").masked() == cidr("192.168.0.0/24")',
    'cidr("192.168.0.0/24").prefixLength() == 24',
    'cidr("2001:db8::/32").containsIP(ip("2001:db8::1"))',
    '!cidr("2001:db8::/32").containsIP(ip("2001:dc8::1"))',
    'cidr("2001:db8::/32").containsIP("2001:db8::1")',
    '!cidr("2001:db8::/32").containsIP("2001:dc8::1")',
    'cidr("2001:db8::/32").containsCIDR(cidr("2001:db8::/33"))',
    '!cidr("2001:db8::/32").containsCIDR(cidr("2001:db8::/31"))',
    'cidr("2001:db8::/32").containsCIDR("2001:db8::/33")',
    '!cidr("2001:db8::/32").containsCIDR("2001:db8::/31")',
    'cidr("2001:db8::/32").ip() == ip("2001:db8::")',
    'cidr("2001:db8:1::/32").masked() == cidr("2001:db8::/32")',
    'cidr("2001:db8::/32").prefixLength() == 32',
    'string(cidr("192.168.0.0/24")) == "192.168.0.0/24"',
    'type(cidr("192.168.0.0/24")) == net.CIDR',
  ],
  formats: [
    '!format.dns1123Label().validate("my-label-name").hasValue()',
    '!format.dns1123Subdomain().validate("apiextensions.k8s.io").hasValue()',
    '!format.qualifiedName().validate("apiextensions.k8s.io/v1beta1").hasValue()',
    '!format.dns1123LabelPrefix().validate("my-label-prefix-").hasValue()',
    '!format.dns1123SubdomainPrefix().validate("mysubdomain.prefix.-").hasValue()',
    '!format.dns1035LabelPrefix().validate("my-label-prefix-").hasValue()',
    '!format.dns1035Label().validate("my-label-name").hasValue()',
    '!format.uri().validate("http://example.com").hasValue()',
    '!format.uuid().validate("123e4567-e89b-12d3-a456-426614174000").hasValue()',
    '!format.byte().validate("aGVsbG8=").hasValue()',
    '!format.date().validate("2021-01-01").hasValue()',
    '!format.datetime().validate("2021-01-01T00:00:00Z").hasValue()',
    '!format.labelValue().validate("my-cool-label-Value").hasValue()',
    'format.date().validate("2020-01-32").value() == ["invalid date"]',
    'format.datetime().validate("2020-01-32T00:00:00Z").value() == ["invalid datetime"]',
    '!format.named("unknown").hasValue()',
    'format.named("dns1123Label").hasValue()',
    `format.dns1123Label().validate("contains a space").value() == ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]`,
    `format.dns1035Label().validate("contains a space").value() == ["a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"]`,
    `format.qualifiedName().validate("contains a space").value() == ["name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]`,
    String.raw`format.labelValue().validate("my-cool-label-Value!!\n\n!!!").value() == ["a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]`,
  ],
  'semantic versions': [
    'isSemver("1.2.3-beta.1+build.1")',
    '!isSemver("")',
    '!isSemver("v1.0.0")',
    '!isSemver(" 1.0.0")',
    '!isSemver("1. 0.0")',
    '!isSemver("1.0.0 ")',
    '!isSemver("01.01.01")',
    '!isSemver("1")',
    '!isSemver("1.1")',
    '!isSemver("", true)',
    '!isSemver(" 1.0.0", true)',
    '!isSemver("1. 0.0", true)',
    '!isSemver("1.0.0 ", true)',
    'isSemver("v1.0.0", true)',
    'isSemver("01.01.01", true)',
    'isSemver("1", true)',
    'isSemver("1.1", true)',
    'semver("v01.01", true) == semver("1.1.0")',
    'semver("1.2.3") == semver("1.2.3")',
    'semver("1.2.3") != semver("1.0.0")',
    'semver("1.0.0").isLessThan(semver("1.2.3"))',
    '!semver("1.0.0").isLessThan(semver("1.0.0"))',
    'semver("1.2.3").isGreaterThan(semver("1.0.0"))',
    '!semver("1.0.0").isGreaterThan(semver("1.0.0"))',
    'semver("1.2.3").compareTo(semver("1.2.3")) == 0',
    'semver("1.0.0").compareTo(semver("1.2.3")) == -1',
    'semver("1.2.3").compareTo(semver("1.0.0")) == 1',
    'semver("1.2.3").major() == 1',
    'semver("1.2.3").minor() == 2',
    'semver("1.2.3").patch() == 3',
  ],
};

/** Source: the errors that upstream's tests expect, of the types' parsers. */
const errors: readonly (readonly [expression: string, message: string])[] = [
  ['quantity("10Mo")', 'quantities must match the regular expression'],
  ['quantity("9999999999999999999999999999999999999G").asInteger()', 'cannot convert value to integer'],
  [
    'ip("192.168.0.1.0")',
    'IP Address "192.168.0.1.0" parse error during conversion from string: ParseAddr("192.168.0.1.0"): IPv4 address too long',
  ],
  [
    'ip.isCanonical("2001:db8:::68")',
    'IP Address "2001:db8:::68" parse error during conversion from string: ParseAddr("2001:db8:::68"): each colon-separated field must have at least one digit (at ":68")',
  ],
  [
    'cidr("192.168.0.0/")',
    'network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix("192.168.0.0/"): bad bits after slash: ""',
  ],
  ['semver("v1.0")', 'No Major.Minor.Patch elements found'],
  ['semver("1.2.3.4")', 'Invalid character(s) found in patch number "3.4"'],
  ['semver("1.2.03")', 'Patch number must not contain leading zeroes "03"'],
  ['semver("1..3")', 'strconv.ParseUint: parsing "": invalid syntax'],
  ['semver("1.2.3-01")', 'Numeric PreRelease version must not contain leading zeroes "01"'],
  ['semver("1.2.3-a..b")', 'Prerelease is empty'],
  ['semver("1.2-a", true)', 'short version cannot contain PreRelease/Build meta data'],
  ['ip("1.2.3")', 'ParseAddr("1.2.3"): IPv4 address too short'],
  ['ip("1.2.3.400")', 'ParseAddr("1.2.3.400"): IPv4 field has value >255'],
  ['ip("1.2.3.04")', 'ParseAddr("1.2.3.04"): IPv4 field has octet with leading zero'],
  ['ip("1.2.3.x")', 'ParseAddr("1.2.3.x"): unexpected character (at "x")'],
  ['ip("x")', 'ParseAddr("x"): unable to parse IP'],
  ['ip("1::2::3")', 'ParseAddr("1::2::3"): multiple :: in address (at ":3")'],
  ['ip("1:2:3:4:5:6:7:8:9")', 'trailing garbage after address (at "9")'],
  ['ip("1:2")', 'ParseAddr("1:2"): address string too short'],
  ['ip("1:2:3:4:5:6:7::8")', 'the :: must expand to at least one field of zeros'],
  ['ip("fe80::1%eth0")', 'IP address "fe80::1%eth0" with zone value is not allowed'],
  ['cidr("192.168.0.0")', `netip.ParsePrefix("192.168.0.0"): no '/'`],
  ['cidr("192.168.0.0/33")', 'netip.ParsePrefix("192.168.0.0/33"): prefix length out of range'],
  ['isQuantity([1, 2, 3])', "found no matching overload for 'isQuantity' applied to"],
  ['isSemver([1, 2, 3])', "found no matching overload for 'isSemver' applied to"],
  ['isIP(cidr("192.168.0.0/24"))', "found no matching overload for 'isIP' applied to '(net.CIDR)'"],
  // What null may stand for by its type is no value of that type.
  ['quantity("1").add(true ? null : quantity("1"))', 'no such overload'],
  ['(true ? null : ip("1.2.3.4")).family()', 'no such overload'],
  ['null + timestamp("2020-01-01T00:00:00Z")', 'no such overload'],
];

/** Values of every type, and some that are nothing a function expects. */
const values = [
  ...['0', '-9223372036854775808', '18446744073709551615u', '0.0/0.0', 'true', 'null', 'type(1)'],
  ...['"é😀"', '"1.2.3.4/8"', '"%.2147483647f"', '"[::1"', '"(a*)*"', '"1e999999999"', 'b"\\xff"'],
  ...['[]', '[1, 2]', '["a"]', '[[1]]', '[dyn([]), dyn({})]', '{"a": 1}', '{1: "x"}'],
  ...['timestamp("0001-01-01T00:00:00Z")', 'duration("-9223372036s")', 'quantity("-9E")'],
  ...['ip("::1")', 'cidr("::/0")', 'url("http://a:80/b")', 'semver("1.2.3")'],
  ...['format.dns1123Label()', 'optional.of(1)', 'optional.none()', 'int'],
  ...['(true ? null : quantity("1"))', '[true ? null : duration("1s")]'],
];

/** A call of a function or an operator by its name, `_+_` or `size`. */
function callOf(name: string, member: boolean, args: readonly string[]): string {
  const operator = name === '@in' ? '_ in _' : name;
  if (operator.includes('_')) {
    let index = 0;
    return operator.replace(/_/g, () => `(${args[index++]})`);
  }
  const [target, ...rest] = args;
  return member ? `(${target}).${name}(${rest.join(', ')})` : `${name}(${args.join(', ')})`;
}

const evaluate = (expression: string) => compile(expression, kubernetesEnvironment).evaluate({}).value;

describe('the libraries', () => {
  for (const [name, expressions] of Object.entries(truths)) {
    describe(`of ${name}`, () => {
      for (const expression of expressions) it(expression, () => expect(evaluate(expression)).toBe(true));
    });
  }

  for (const [expression, message] of errors)
    it(`refuse ${expression}`, () => expect(() => evaluate(expression)).toThrow(message));

  it('have a value, an error or problems for any arguments', () => {
    const overloads = [...kubernetesEnvironment.functions.values()].flatMap(({ name, overloads }) =>
      overloads.map(({ member, params }) => ({ name, member, count: params.length })),
    );
    const argument = fc.tuple(fc.constantFrom(...values), fc.boolean());
    const call = fc.constantFrom(...overloads).chain(({ name, member, count }) =>
      fc.array(argument, { minLength: count, maxLength: count }).map((args) =>
        callOf(
          name,
          member,
          args.map(([value, open]) => (open ? `dyn(${value})` : value)),
        ),
      ),
    );
    fc.assert(
      fc.property(call, (expression) => {
        try {
          evaluate(expression);
        } catch (error) {
          expect(['CompileError', 'EvaluationError', 'EvaluationStopped']).toContain((error as Error).name);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
