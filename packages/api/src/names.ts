/*
 * The rules of names, as apimachinery's `util/validation` has them: each function gives the messages of the rules that
 * a value breaks, none when it is valid. The messages are part of the API.
 */

/** A lower-case DNS label (RFC 1123), at most 63 characters: names of namespaces, containers, volumes. */
export function dns1123LabelErrors(value: string): string[] {
  const errors = tooLong(value, 63);
  if (dns1123Label.test(value)) return errors;
  if (dns1123Subdomain.test(value)) return [...errors, 'must not contain dots'];
  return [
    ...errors,
    regexMessage(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      dns1123LabelFormat,
      'my-name',
      '123-abc',
    ),
  ];
}

/** A lower-case DNS subdomain (RFC 1123), at most 253 characters: the names of most objects. */
export function dns1123SubdomainErrors(value: string): string[] {
  const errors = tooLong(value, 253);
  if (dns1123Subdomain.test(value)) return errors;
  return [
    ...errors,
    regexMessage(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      dns1123SubdomainFormat,
      'example.com',
    ),
  ];
}

/** The same, with underscores where letters may stand: search domains of pods. */
export function dns1123SubdomainWithUnderscoreErrors(value: string): string[] {
  const errors = tooLong(value, 253);
  if (subdomainWithUnderscore.test(value)) return errors;
  return [
    ...errors,
    regexMessage(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
      subdomainWithUnderscoreFormat,
      'example.com',
    ),
  ];
}

/** A DNS label that starts with a letter (RFC 1035), at most 63 characters: names of Services. */
export function dns1035LabelErrors(value: string): string[] {
  const errors = tooLong(value, 63);
  if (dns1035Label.test(value)) return errors;
  return [
    ...errors,
    regexMessage(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      dns1035LabelFormat,
      'my-name',
      'abc-123',
    ),
  ];
}

/** A wildcard subdomain such as `*.example.com`: hosts of an Ingress. */
export function wildcardDns1123SubdomainErrors(value: string): string[] {
  const errors = tooLong(value, 253);
  if (wildcardSubdomain.test(value)) return errors;
  return [
    ...errors,
    regexMessage(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      wildcardFormat,
      '*.example.com',
    ),
  ];
}

/** A qualified name, optionally with a domain in front (`example.com/name`): label and annotation keys, resources. */
export function qualifiedNameErrors(value: string): string[] {
  // Nearly all names are right, and many are looked at in each write.
  const slash = value.indexOf('/');
  const isPrefixRight =
    slash < 0 || (slash > 0 && dns1123SubdomainErrors(value.slice(0, slash)).length === 0);
  if (isPrefixRight && value.length - slash <= 64 && qualifiedName.test(value.slice(slash + 1))) return [];
  const parts = value.split('/');
  if (parts.length > 2)
    return [
      `a valid label key ${regexMessage(qualifiedNameMessage, qualifiedNameFormat, ...qualifiedNameExamples)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const errors: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') errors.push('prefix part must be non-empty');
    else errors.push(...dns1123SubdomainErrors(prefix).map((message) => `prefix part ${message}`));
  }
  if (name === '') errors.push('name part must be non-empty');
  else errors.push(...tooLong(name, 63, 'bytes').map((message) => `name part ${message}`));
  if (!qualifiedName.test(name))
    errors.push(
      `name part ${regexMessage(qualifiedNameMessage, qualifiedNameFormat, ...qualifiedNameExamples)}`,
    );
  return errors;
}

/** The value of a label: empty, or like a qualified name without prefix. */
export function labelValueErrors(value: string): string[] {
  const errors = tooLong(value, 63, 'bytes');
  if (labelValue.test(value)) return errors;
  return [
    ...errors,
    regexMessage(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      labelValueFormat,
      'MyValue',
      'my_value',
      '12345',
    ),
  ];
}

/** The name of a port (an IANA service name): at most 15 characters, a letter among them. */
export function portNameErrors(value: string): string[] {
  const errors = tooLong(value, 15);
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** A key of a ConfigMap or Secret, which becomes a file name. */
export function configMapKeyErrors(value: string): string[] {
  const errors = tooLong(value, 253);
  if (!configMapKey.test(value))
    errors.push(
      regexMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configMapKeyFormat,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  return [...errors, ...parentDirectoryErrors(value)];
}

/** The name of an environment variable: printable ASCII without `=`, as 1.34 and later allow. */
export function environmentNameErrors(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  if (/^[ -<>-~]*$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A segment of a path in the API: what no name of any kind may be. */
export function pathSegmentErrors(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

const dns1123LabelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`;
const dns1035LabelFormat = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcardFormat = `\\*\\.${dns1123SubdomainFormat}`;
const underscoreLabelFormat = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const subdomainWithUnderscoreFormat = `${underscoreLabelFormat}(\\.${underscoreLabelFormat})*`;
const qualifiedNameFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValueFormat = `(${qualifiedNameFormat})?`;
const configMapKeyFormat = '[-._a-zA-Z0-9]+';
const qualifiedNameMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const qualifiedNameExamples = ['MyName', 'my.name', '123-abc'];

const dns1123Label = new RegExp(`^${dns1123LabelFormat}$`);
const subdomainWithUnderscore = new RegExp(`^${subdomainWithUnderscoreFormat}$`);
const dns1123Subdomain = new RegExp(`^${dns1123SubdomainFormat}$`);
const dns1035Label = new RegExp(`^${dns1035LabelFormat}$`);
const wildcardSubdomain = new RegExp(`^${wildcardFormat}$`);
const qualifiedName = new RegExp(`^${qualifiedNameFormat}$`);
const labelValue = new RegExp(`^${labelValueFormat}$`);
const configMapKey = new RegExp(`^${configMapKeyFormat}$`);

/** Characters that take one byte each. */
const printableAscii = /^[ -~]*$/;

/** @param unit what the message counts in; upstream's rules of DNS names speak of characters */
function tooLong(value: string, limit: number, unit = 'characters'): string[] {
  // Go counts bytes. Only ASCII passes the other rules, so a text of more characters is too long either way.
  // A unit of a string is at most three bytes.
  if (value.length * 3 <= limit) return [];
  const isBytes = value.length > limit || printableAscii.test(value);
  const length = isBytes ? value.length : new TextEncoder().encode(value).length;
  return length > limit ? [`must be no more than ${limit} ${unit}`] : [];
}

function parentDirectoryErrors(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

function regexMessage(message: string, format: string, ...examples: string[]): string {
  const listed = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${listed}regex used for validation is '${format}')`;
}
