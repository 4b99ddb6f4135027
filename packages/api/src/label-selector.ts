import type { LabelSelector } from './generated/meta/v1.js';
import { labelValueErrors, qualifiedNameErrors } from './names.js';

export type { LabelSelector };

/** The operators of label selectors, as upstream names them. */
export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

/** One condition of a selector; an object must meet all of them. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, each once; empty for `exists` and `!`. */
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** A selector that cannot be read, worded as upstream words it. */
export class SelectorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SelectorError';
  }
}

/**
 * Reads the text form: `app=web,tier in (front, back),!canary`. Requirements come sorted by key.
 * @throws SelectorError
 */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return new Parser(tokensOf(text)).parse();
}

/**
 * The requirements of a `LabelSelector` object. An empty selector has none and matches everything; without a selector
 * the result is undefined, which matches nothing.
 * @throws SelectorError
 */
export function labelRequirements(selector: LabelSelector | undefined): LabelRequirement[] | undefined {
  if (selector === undefined) return undefined;
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    requirement(key, '=', [value]),
  );
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = objectOperators[operator];
    if (known === undefined) throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    requirements.push(requirement(key, known, values ?? []));
  }
  return requirements.sort(byKey);
}

/** True when the labels meet every requirement; undefined requirements match nothing. */
export function matchesLabels(
  requirements: readonly LabelRequirement[] | undefined,
  labels: Labels | undefined,
): boolean {
  return requirements?.every((each) => meets(each, labels)) ?? false;
}

/** True when an object with these labels is one that the `LabelSelector` object selects. */
export function selectorMatches(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  return matchesLabels(labelRequirements(selector), labels);
}

/** The text form, which {@link parseLabelSelector} reads back. */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',');
}

const objectOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

function meets({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt':
      return value !== undefined && compares(value, operator, values[0] ?? '');
  }
}

function compares(value: string, operator: 'gt' | 'lt', limit: string): boolean {
  if (!isInteger(value) || !isInteger(limit)) return false;
  return operator === 'gt' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
}

/** What Go's `ParseInt(…, 10, 64)` takes, without the bounds. */
function isInteger(text: string): boolean {
  return /^-?[0-9]{1,19}$/.test(text);
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

function byKey(a: LabelRequirement, b: LabelRequirement): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Checks what upstream's `NewRequirement` checks. */
function requirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors = qualifiedNameErrors(key).length > 0 ? [invalidKey('key', key)] : [];
  if ((operator === 'in' || operator === 'notin') && values.length === 0)
    errors.push("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
  if ((operator === 'exists' || operator === '!') && values.length > 0)
    errors.push(
      `values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`,
    );
  if (operator === 'gt' || operator === 'lt') {
    for (const [index, value] of values.entries())
      if (!isInteger(value))
        errors.push(
          `values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
        );
  }
  for (const [index, value] of values.entries()) {
    const messages = labelValueErrors(value);
    if (messages.length > 0)
      errors.push(
        `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${messages.join('; ')}`,
      );
  }
  if (errors.length > 0)
    throw new SelectorError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
  return { key, operator, values: [...new Set(values)].sort() };
}

function invalidKey(path: string, key: string): string {
  return `${path}: Invalid value: ${JSON.stringify(key)}: ${qualifiedNameErrors(key).join('; ')}`;
}

interface Token {
  /** A symbol or the words `in` and `notin`; `name` for a key or value, `end` behind the last. */
  readonly kind: string;
  readonly text: string;
}

const operators: readonly LabelOperator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const symbolOperators: Readonly<Record<string, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part] of text.matchAll(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g)) {
    const isWord = !/^[=!(),<>]/.test(part);
    tokens.push({ kind: isWord && part !== 'in' && part !== 'notin' ? 'name' : part, text: part });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const next = this.#peekValue();
      if (next.kind === 'end') return requirements.sort(byKey);
      if (next.kind !== 'name' && next.kind !== '!')
        throw new SelectorError(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirement());
      const separator = this.#takeValue();
      if (separator.kind === 'end') return requirements.sort(byKey);
      if (separator.kind !== ',')
        throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`);
      const following = this.#peekValue();
      if (following.kind !== 'name' && following.kind !== '!')
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    try {
      const isNegated = this.#peekValue().kind === '!';
      if (isNegated) this.#takeValue();
      const key = this.#name('expected: identifier');
      if (qualifiedNameErrors(key).length > 0) throw new SelectorError(invalidKey('<nil>', key));
      if (isNegated) return requirement(key, '!', []);
      const next = this.#peekValue().kind;
      if (next === 'end' || next === ',') return requirement(key, 'exists', []);
      const token = this.#take();
      const operator = symbolOperators[token.kind];
      if (operator === undefined)
        throw new SelectorError(`found '${token.text}', expected: ${operators.join(', ')}`);
      return requirement(
        key,
        operator,
        operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()],
      );
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`, { cause: error });
    }
  }

  /** `(a, b)`; an empty place between commas or parentheses is the empty value. */
  #values(): string[] {
    const open = this.#takeValue();
    if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const next = this.#peekValue();
      if (next.kind === 'name') values.push(this.#takeValue().text);
      else if (next.kind === ',' || next.kind === ')') values.push('');
      else throw new SelectorError(`found '${next.text}', expected: ',', ')' or identifier`);
      const separator = this.#takeValue();
      if (separator.kind === ')') return values;
      if (separator.kind !== ',') throw new SelectorError(`found '${separator.text}', expected: ',' or ')'`);
    }
  }

  #value(): string {
    const next = this.#peekValue().kind;
    return next === 'end' || next === ',' ? '' : this.#name('expected: identifier');
  }

  #name(expected: string): string {
    const token = this.#takeValue();
    if (token.kind !== 'name') throw new SelectorError(`found '${token.text}', ${expected}`);
    return token.text;
  }

  #take(): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '' };
    this.#at++;
    return token;
  }

  /** Where a key or a value stands, `in` and `notin` are plain names. */
  #takeValue(): Token {
    const token = this.#peekValue();
    this.#at++;
    return token;
  }

  #peekValue(): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '' };
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'name', text: token.text } : token;
  }
}
