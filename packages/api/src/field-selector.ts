import type { Kind } from './kind.js';
import { SelectorError } from './label-selector.js';

/** One term of a field selector: `spec.nodeName=node-1`. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/**
 * Reads `metadata.name=a,status.phase!=Running`. In values `\`, `,` and `=` are written with a backslash in front.
 * @throws SelectorError worded as apimachinery's `fields.ParseSelector`
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .sort()
    .map((term) => {
      const match = /^(.*?)(!=|==|=)([\s\S]*)$/s.exec(term);
      if (match === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = '', operator, value = ''] = match;
      return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
    });
}

/**
 * Checks that a kind can be selected by these fields.
 * @param wording what is said of a field that it can't be selected by
 * @throws SelectorError worded as an API server's answer
 */
export function checkFieldSelector(
  requirements: readonly FieldRequirement[],
  kind: Kind,
  wording: (field: string) => string = (field) => notSelectable(field, kind),
): void {
  for (const { field } of requirements) {
    const isKnown = field === 'metadata.namespace' ? hasNamespaceField(kind) : field === 'metadata.name';
    if (!isKnown && !kind.selectableFields.includes(field)) throw new SelectorError(wording(field));
  }
}

/** Whoever names his fields himself names the namespace where there is one; the others leave it to upstream's default. */
function hasNamespaceField({ scope, selectableFields, schema }: Kind): boolean {
  return scope === 'Namespaced' || (selectableFields.length === 0 && schema.name !== undefined);
}

function notSelectable(field: string, { selectableFields, schema }: Kind): string {
  return selectableFields.length > 0 || schema.name === undefined
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** True when every requirement is met; `textOf` gives the text of a field, empty where it has none. */
export function matchesFields(
  requirements: readonly FieldRequirement[],
  textOf: (field: string) => string,
): boolean {
  return requirements.every(({ field, operator, value }) => (textOf(field) === value) === (operator === '='));
}

/** The text form, which {@link parseFieldSelector} reads back. */
export function formatFieldSelector(requirements: readonly FieldRequirement[]): string {
  return requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',');
}

/** The text of a field such as `spec.nodeName`; empty where an object lacks it or it is no scalar. */
export function fieldText(object: unknown, field: string): string {
  let value = object;
  for (const part of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return '';
    value = (value as Record<string, unknown>)[part];
  }
  return typeof value === 'object' || value === undefined ? '' : String(value);
}

/** Splits at commas that have no backslash in front. */
function splitTerms(text: string): string[] {
  return text === '' ? [] : (text.match(/(?:\\[\s\S]|[^,\\]|\\$)+|(?<=,)(?=,|$)/g) ?? []);
}

function unescapeValue(value: string): string {
  return value.replace(/\\([\s\S])?|[,=]/g, (found: string, escaped: string | undefined) => {
    if (found === ',' || found === '=')
      throw new SelectorError(`invalid field selector: unescaped character in value: ${found.charCodeAt(0)}`);
    if (escaped === undefined || !'\\,='.includes(escaped))
      throw new SelectorError(`invalid field selector: invalid escape sequence: ${found}`);
    return escaped;
  });
}
