import type { FunctionDeclaration } from '../functions/declaration.js';
import { BOOL, type CelType, INT, objectType, STRING } from '../types.js';
import { CelValue } from '../values/cel-value.js';
import { EvaluationError } from '../values/evaluation-error.js';
import { type Integer, int } from '../values/integers.js';
import { scanCost } from './costs.js';
import { global, method, named } from './define.js';

export const semverType = objectType('kubernetes.Semver');

class Semver extends CelValue {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly #prerelease: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.#prerelease = prerelease;
  }

  get type(): CelType {
    return semverType;
  }

  equals(other: unknown): boolean {
    return other instanceof Semver && this.compare(other) === 0;
  }

  /** Precedence: build metadata do not count. Source: semver.org, item 11. */
  compare(other: Semver): number {
    for (const [index, number] of this.numbers.entries()) {
      const difference = number - other.numbers[index]!;
      if (difference !== 0n) return difference < 0n ? -1 : 1;
    }
    return comparePrereleases(this.#prerelease, other.#prerelease);
  }
}

const pair = [semverType, semverType] as const;

/** Kubernetes' semver library, version 1. */
export const semverFunctions: readonly FunctionDeclaration[] = [
  named(
    'semver',
    global(['string_to_semver', [STRING], semverType], parse, scanCost()),
    global(['string_bool_to_semver', [STRING, BOOL], semverType], parse, scanCost()),
  ),
  named(
    'isSemver',
    global(['is_semver_string', [STRING], BOOL], isSemver, scanCost()),
    global(['is_semver_string_bool', [STRING, BOOL], BOOL], isSemver, scanCost()),
  ),
  named(
    'isGreaterThan',
    method(['semver_is_greater_than', pair, BOOL], (a: Semver, b: Semver) => a.compare(b) > 0),
  ),
  named(
    'isLessThan',
    method(['semver_is_less_than', pair, BOOL], (a: Semver, b: Semver) => a.compare(b) < 0),
  ),
  named(
    'compareTo',
    method(['semver_compare_to', pair, INT], (a: Semver, b: Semver) => a.compare(b)),
  ),
  named(
    'major',
    method(['semver_major', [semverType], INT], ({ numbers }: Semver) => int(numbers[0])),
  ),
  named(
    'minor',
    method(['semver_minor', [semverType], INT], ({ numbers }: Semver) => int(numbers[1])),
  ),
  named(
    'patch',
    method(['semver_patch', [semverType], INT], ({ numbers }: Semver): Integer => int(numbers[2])),
  ),
];

const number = '(0|[1-9]\\d{0,18})';
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const pattern = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

function isSemver(text: string, normalise = false): boolean {
  return read(text, normalise) !== undefined;
}

function parse(text: string, normalise = false): Semver {
  const found = read(text, normalise);
  if (found === undefined) throw new EvaluationError(`invalid semantic version ${JSON.stringify(text)}`);
  return found;
}

function read(given: string, normalise: boolean): Semver | undefined {
  const text = normalise ? normalised(given) : given;
  const parts = text === undefined ? null : pattern.exec(text);
  if (parts === null) return undefined;
  const [, major = '', minor = '', patch = '', prerelease] = parts;
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], prerelease?.split('.') ?? []);
}

/** Without a leading `v` and leading zeros, with all three numbers. A short version can't have more than numbers. */
function normalised(text: string): string | undefined {
  const [first = '', second, ...rest] = text.replace(/^v/, '').split('.');
  const parts = [
    first,
    ...(second === undefined ? [] : [second]),
    ...(rest.length === 0 ? [] : [rest.join('.')]),
  ];
  if (parts.length < 3 && /[+-]/.test(parts.at(-1)!)) return undefined;
  while (parts.length < 3) parts.push('0');
  return parts.map((part) => part.replace(/^0+(?=\d)/, '')).join('.');
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(Number(a.length === 0) - Number(b.length === 0));
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = compareIdentifiers(a[index], b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  const numeric = /^\d+$/;
  if (numeric.test(a) && numeric.test(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  if (numeric.test(a) !== numeric.test(b)) return numeric.test(a) ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
