import {
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
} from '@kubewright/api';
import { patternFactor, sizeOf, traversal, traversalFactor } from '../cost/factors.js';
import { scaled } from '../cost/ranges.js';
import type { CallCost, FunctionDeclaration } from '../functions/declaration.js';
import { type CelType, listOf, objectType, optionalOf, STRING } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { Optional } from '../values/optional.js';
import { parseTimestamp } from '../values/timestamp.js';
import { global, method, named } from './define.js';
import { parseRequestUri } from './request-uri.js';

export const formatType = objectType('kubernetes.NamedFormat');

/** What is wrong with a text; nothing when it has the format. */
type Validate = (text: string) => readonly string[];

class Format extends CelValue {
  readonly name: string;
  readonly validate: Validate;
  /** What the pattern of the format counts for, in characters. */
  readonly patternSize: number;

  constructor(name: string, validate: Validate, patternSize: number) {
    super();
    this.name = name;
    this.validate = validate;
    this.patternSize = patternSize;
  }

  get type(): CelType {
    return formatType;
  }

  equals(other: unknown): boolean {
    return other instanceof Format && other.name === this.name;
  }
}

/** A generated name has more behind a prefix, so that a hyphen may end it. */
function prefix(validate: Validate): Validate {
  return (text) => validate(/.-$/s.test(text) ? `${text.slice(0, -1)}a` : text);
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function when(holds: (text: string) => boolean, message: string): Validate {
  return (text) => (holds(text) ? [] : [message]);
}

function uriErrors(text: string): string[] {
  const parsed = parseRequestUri(text);
  return typeof parsed === 'string' ? [`parse ${JSON.stringify(text)}: ${parsed}`] : [];
}

/** The sizes are upstream's. */
const formats: ReadonlyMap<string, Format> = new Map(
  Object.entries({
    dns1123Label: new Format('DNS1123Label', dns1123LabelErrors, 30),
    dns1123Subdomain: new Format('DNS1123Subdomain', dns1123SubdomainErrors, 60),
    dns1035Label: new Format('DNS1035Label', dns1035LabelErrors, 30),
    qualifiedName: new Format('QualifiedName', qualifiedNameErrors, 60),
    dns1123LabelPrefix: new Format('DNS1123LabelPrefix', prefix(dns1123LabelErrors), 30),
    dns1123SubdomainPrefix: new Format('DNS1123SubdomainPrefix', prefix(dns1123SubdomainErrors), 60),
    dns1035LabelPrefix: new Format('DNS1035LabelPrefix', prefix(dns1035LabelErrors), 30),
    labelValue: new Format('LabelValue', labelValueErrors, 40),
    uri: new Format('URI', uriErrors, 1103),
    uuid: new Format(
      'uuid',
      when((text) => uuid.test(text), 'does not match the UUID format'),
      65,
    ),
    byte: new Format(
      'byte',
      when((text) => text !== '' && base64.test(text), 'invalid base64'),
      84,
    ),
    date: new Format(
      'date',
      when((text) => parseTimestamp(`${text}T00:00:00Z`) !== undefined, 'invalid date'),
      47,
    ),
    datetime: new Format(
      'datetime',
      when((text) => parseTimestamp(text) !== undefined, 'invalid datetime'),
      47,
    ),
  }),
);

const longestPattern = 128;

const validateCost: CallCost = {
  estimate: ({ args: [, text] }) => ({
    cost: scaled(scaled(text!.size, traversalFactor), longestPattern * patternFactor),
  }),
  actual: ([format, text]) =>
    traversal(1 + sizeOf(text!)) * Math.ceil((format as Format).patternSize * patternFactor),
};

/** Kubernetes' format library. */
export const formatFunctions: readonly FunctionDeclaration[] = [
  named(
    'validate',
    method(
      ['format-validate', [formatType, STRING], optionalOf(listOf(STRING))],
      (format: Format, text: string) => {
        const errors = format.validate(text);
        return errors.length === 0 ? Optional.none : Optional.of(errors);
      },
      validateCost,
    ),
  ),
  named(
    'format.named',
    global(['format-named', [STRING], optionalOf(formatType)], (name: string) => {
      const found = formats.get(name);
      return found === undefined ? Optional.none : Optional.of(found);
    }),
  ),
  ...[...formats].map(([name, format]) =>
    named(
      `format.${name}`,
      global([`format.${name}`, [], formatType], () => format),
    ),
  ),
];
