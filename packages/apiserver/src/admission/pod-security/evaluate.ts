import { baselineChecks } from './baseline-checks.js';
import type { Check, PodShape, Violation } from './check.js';
import type { LevelVersion } from './level-version.js';
import { restrictedChecks } from './restricted-checks.js';

/** What is wrong with a pod at a level, in upstream's order. */
export function violationsOf(pod: PodShape, levelVersion: LevelVersion): Violation[] {
  return checksOf(levelVersion).flatMap((check) => check.run(pod) ?? []);
}

/** `privileged (container "a" must not set …), host namespaces (hostPID=true)` */
export function detailsOf(violations: readonly Violation[]): string {
  return violations
    .map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`))
    .join(', ');
}

export function reasonsOf(violations: readonly Violation[]): string {
  return violations.map(({ reason }) => reason).join(', ');
}

const known = new Map<string, readonly Check[]>();
/** No check is newer. */
const newest = Math.max(...[...baselineChecks, ...restrictedChecks].map(({ from }) => from));

function checksOf({ level, minor }: LevelVersion): readonly Check[] {
  if (level === 'privileged') return [];
  const version = Math.min(minor, newest);
  const key = `${level}/${version}`;
  let checks = known.get(key);
  if (checks === undefined) {
    const baseline = inForce(baselineChecks, version);
    const restricted = level === 'restricted' ? inForce(restrictedChecks, version) : [];
    const overridden = new Set(restricted.map(({ overrides }) => overrides));
    checks = [...baseline.filter(({ id }) => !overridden.has(id)), ...restricted];
    known.set(key, checks);
  }
  return checks;
}

/** Of each check the newest form that the version has. */
function inForce(checks: readonly Check[], version: number): Check[] {
  const forms = new Map<string, Check>();
  for (const check of checks) if (check.from <= version) forms.set(check.id, check);
  return [...forms.values()];
}
