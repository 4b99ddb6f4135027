import { type FieldError, invalid, path } from '../../validation/field-error.js';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** Weakest first. */
const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];

/** A level of the Pod Security Standards as of a version of Kubernetes. */
export interface LevelVersion {
  readonly level: Level;
  /** The minor version; Infinity for `latest`. */
  readonly minor: number;
}

/** What a namespace asks for. Source: the Pod Security Admission page. */
export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

const latest = Number.POSITIVE_INFINITY;

export const privilegedPolicy: Policy = {
  enforce: { level: 'privileged', minor: latest },
  audit: { level: 'privileged', minor: latest },
  warn: { level: 'privileged', minor: latest },
};

const prefix = 'pod-security.kubernetes.io/';
type Labels = Readonly<Record<string, string>> | undefined;

/** The policy that labels of a namespace make of the defaults, and what is wrong with them. */
export function policyOf(labels: Labels, defaults: Policy): { policy: Policy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  if (labels === undefined) return { policy: defaults, errors };
  const read = <T>(mode: string, parse: (text: string) => T | undefined, expected: string) => {
    const text = labels[`${prefix}${mode}`];
    if (text === undefined) return { given: false, value: undefined };
    const value = parse(text);
    if (value === undefined)
      errors.push(invalid(path('metadata', 'labels').key(`${prefix}${mode}`), text, expected));
    return { given: true, value };
  };
  const mode = (name: keyof Policy, broken: Level) => {
    const level = read(name, parseLevel, levelForm);
    const version = read(`${name}-version`, parseVersion, versionForm);
    return {
      level,
      hasVersion: version.given,
      value: {
        level: level.given ? (level.value ?? broken) : defaults[name].level,
        minor: version.given ? (version.value ?? latest) : defaults[name].minor,
      },
    };
  };
  // A level that can't be read is enforced as the strictest one, and neither audited nor warned of.
  const enforce = mode('enforce', 'restricted');
  const audit = mode('audit', 'privileged');
  const warn = mode('warn', 'privileged');
  let warned = warn.value;
  // Who enforces wants at least the warnings of it.
  if (!warn.level.given && enforce.level.value !== undefined && isStricter(enforce.value, warned))
    warned = { level: enforce.value.level, minor: warn.hasVersion ? warned.minor : enforce.value.minor };
  return { policy: { enforce: enforce.value, audit: audit.value, warn: warned }, errors };
}

/** By the level alone. */
export function isStricter(a: LevelVersion, b: LevelVersion): boolean {
  return levels.indexOf(a.level) > levels.indexOf(b.level);
}

export function isSame(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.minor === b.minor;
}

export function isPrivileged({ enforce, audit, warn }: Policy): boolean {
  return [enforce, audit, warn].every(({ level }) => level === 'privileged');
}

/** `baseline:v1.24`, `restricted:latest` */
export function levelVersionText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === latest ? 'latest' : `v1.${minor}`}`;
}

export const levelForm = `must be one of ${levels.join(', ')}`;
export const versionForm = 'must be "latest" or "v1.x"';

export function parseLevel(text: string): Level | undefined {
  return levels.find((level) => level === text);
}

/** The minor version of `v1.MINOR`; Infinity for `latest`. */
export function parseVersion(text: string): number | undefined {
  if (text === 'latest') return latest;
  const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(text)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** What the labels ask for although it will be ignored: `enforce=baseline:latest, warn=restricted:latest`. */
export function askedFor(labels: Labels, policy: Policy): string {
  return (['enforce', 'audit', 'warn'] as const)
    .filter(
      (mode) =>
        policy[mode].level !== 'privileged' &&
        (labels?.[`${prefix}${mode}`] !== undefined || labels?.[`${prefix}${mode}-version`] !== undefined),
    )
    .map((mode) => `${mode}=${levelVersionText(policy[mode])}`)
    .join(', ');
}
