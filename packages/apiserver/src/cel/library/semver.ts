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

function isSemver(text: string, normalise = false): boolean {
  return read(text, normalise) instanceof Semver;
}

function parse(text: string, normalise = false): Semver {
  const found = read(text, normalise);
  if (typeof found === 'string') throw new EvaluationError(found);
  return found;
}

/** The version, or why the text is none, in the words of github.com/blang/semver, which upstream reads with. */
function read(given: string, normalise: boolean): Semver | string {
  const text = normalise ? normalised(given) : given;
  if (text === undefined) return 'short version cannot contain PreRelease/Build meta data';
  if (text === '') return 'Version string empty';
  const [major, minor, ...rest] = text.split('.');
  if (minor === undefined || rest.length === 0) return 'No Major.Minor.Patch elements found';
  const [, patch = '', prerelease, build] = /^([^+-]*)(?:-([^+]*))?(?:\+(.*))?$/s.exec(rest.join('.')) ?? [];
  const prereleases = prerelease?.split('.') ?? [];
  const problem =
    numberProblem('Major', major!) ??
    numberProblem('Minor', minor) ??
    numberProblem('Patch', patch) ??
    first(prereleases, prereleaseProblem) ??
    first(build?.split('.') ?? [], buildProblem);
  return problem ?? new Semver([BigInt(major!), BigInt(minor), BigInt(patch)], prereleases);
}

const digits = /^\d*$/;
const alphanumeric = /^[0-9A-Za-z-]*$/;

function numberProblem(name: string, text: string): string | undefined {
  const quoted = JSON.stringify(text);
  if (!digits.test(text)) return `Invalid character(s) found in ${name.toLowerCase()} number ${quoted}`;
  if (/^0\d/.test(text)) return `${name} number must not contain leading zeroes ${quoted}`;
  return rangeProblem(text);
}

function rangeProblem(text: string): string | undefined {
  const parsing = `strconv.ParseUint: parsing ${JSON.stringify(text)}`;
  if (text === '') return `${parsing}: invalid syntax`;
  const fits = text.length <= 20 && BigInt(text) <= 18_446_744_073_709_551_615n;
  return fits ? undefined : `${parsing}: value out of range`;
}

function prereleaseProblem(text: string): string | undefined {
  if (text === '') return 'Prerelease is empty';
  if (!alphanumeric.test(text)) return `Invalid character(s) found in prerelease ${JSON.stringify(text)}`;
  if (!digits.test(text)) return undefined;
  if (/^0\d/.test(text))
    return `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(text)}`;
  return rangeProblem(text);
}

function buildProblem(text: string): string | undefined {
  if (text === '') return 'Build meta data is empty';
  if (alphanumeric.test(text)) return undefined;
  return `Invalid character(s) found in build meta data ${JSON.stringify(text)}`;
}

function first(
  texts: readonly string[],
  problemOf: (text: string) => string | undefined,
): string | undefined {
  for (const text of texts) {
    const problem = problemOf(text);
    if (problem !== undefined) return problem;
  }
  return undefined;
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
