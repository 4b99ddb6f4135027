import { dns1123LabelErrors, dns1123SubdomainErrors } from '@kubewright/api';
import { duplicate, type FieldError, type FieldPath, invalid, path } from '../../validation/field-error.js';
import {
  levelForm,
  type Policy,
  parseLevel,
  parseVersion,
  privilegedPolicy,
  versionForm,
} from './level-version.js';

/** What a cluster asks for where namespaces say nothing, and whom nothing is asked of. */
export interface PodSecurityConfiguration {
  readonly defaults: Policy;
  readonly exemptions: {
    readonly usernames: readonly string[];
    readonly namespaces: readonly string[];
    readonly runtimeClasses: readonly string[];
  };
}

/** As upstream has it without a file. */
export const defaultPodSecurity: PodSecurityConfiguration = {
  defaults: privilegedPolicy,
  exemptions: { usernames: [], namespaces: [], runtimeClasses: [] },
};

const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `pod-security.admission.config.k8s.io/${version}`,
);

/**
 * A PodSecurityConfiguration as the `configuration` of an AdmissionConfiguration has it.
 * @throws Error that tells all that is wrong with it
 */
export function parsePodSecurityConfiguration(value: unknown): PodSecurityConfiguration {
  const config = record(value);
  if (!apiVersions.includes(String(config.apiVersion)) || config.kind !== 'PodSecurityConfiguration')
    throw new Error(
      `the configuration of PodSecurity is no PodSecurityConfiguration but ${String(config.kind)} of ${String(config.apiVersion)}`,
    );
  const errors: FieldError[] = [];
  const defaults = record(config.defaults ?? {});
  const mode = (name: keyof Policy) => {
    const read = <T>(
      field: string,
      parse: (text: string) => T | undefined,
      form: string,
      otherwise: T,
    ): T => {
      const text = defaults[field] ?? '';
      if (text === '') return otherwise;
      const parsed = parse(String(text));
      if (parsed === undefined) errors.push(invalid(path('defaults', field), String(text), form));
      return parsed ?? otherwise;
    };
    const standard = privilegedPolicy[name];
    return {
      level: read(name, parseLevel, levelForm, standard.level),
      minor: read(`${name}-version`, parseVersion, versionForm, standard.minor),
    };
  };
  const policy = { enforce: mode('enforce'), audit: mode('audit'), warn: mode('warn') };
  const exemptions = record(config.exemptions ?? {});
  const list = (name: string, problems: (item: string) => readonly string[]): string[] =>
    names(exemptions[name], path('exemptions', name), { problems, errors });
  const exempt = {
    usernames: list('usernames', (name) => (name === '' ? ['username must not be empty'] : [])),
    namespaces: list('namespaces', dns1123LabelErrors),
    runtimeClasses: list('runtimeClasses', dns1123SubdomainErrors),
  };
  if (errors.length > 0)
    throw new Error(errors.map(({ field, message }) => `${field}: ${message}`).join(', '));
  return { defaults: policy, exemptions: exempt };
}

function names(
  value: unknown,
  field: FieldPath,
  { problems, errors }: { problems: (item: string) => readonly string[]; errors: FieldError[] },
): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${field.toString()}: must be a list`);
  const seen = new Set<string>();
  value.map(String).forEach((item, index) => {
    const wrong = problems(item);
    if (wrong.length > 0) errors.push(invalid(field.index(index), item, wrong.join(', ')));
    else if (seen.has(item)) errors.push(duplicate(field.index(index), item));
    seen.add(item);
  });
  return [...seen];
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the configuration of PodSecurity is no object');
  return value as Record<string, unknown>;
}
