import {
  type FieldRequirement,
  type LabelRequirement,
  labelRequirements,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from '@kubewright/api';
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  SubjectAccessReviewSpec,
} from '@kubewright/api/authorization/v1';
import type { User } from '../user.js';
import type { Attributes } from './authorizer.js';

/** What a review asks about, and what of its selectors can't be read, which then restricts nothing. */
export interface ReviewedAttributes {
  readonly attributes: Attributes;
  readonly problems: readonly string[];
}

/** Reads the question of a review about a user. */
export function reviewAttributes(
  user: User,
  spec: Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>,
): ReviewedAttributes {
  const { resourceAttributes: resource, nonResourceAttributes } = spec;
  const problems: string[] = [];
  const attributes: Attributes = {
    user,
    verb: resource?.verb ?? nonResourceAttributes?.verb ?? '',
    isResource: resource !== undefined,
    path: nonResourceAttributes?.path ?? '',
    apiGroup: resource?.group ?? '',
    apiVersion: resource?.version || '*',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    fieldSelector: fieldSelector(resource?.fieldSelector, problems),
    labelSelector: labelSelector(resource?.labelSelector, problems),
  };
  return { attributes, problems };
}

function fieldSelector(
  selector: FieldSelectorAttributes | undefined,
  problems: string[],
): readonly FieldRequirement[] | undefined {
  const { rawSelector = '', requirements = [] } = selector ?? {};
  if (requirements.length === 0) return readable(rawSelector, parseFieldSelector, problems);
  const known: FieldRequirement[] = [];
  for (const { key, operator, values = [] } of requirements) {
    const [value = ''] = values;
    if (values.length > 1) problems.push('fieldSelectors do not yet support multiple values');
    else if (operator === 'Exists' || operator === 'DoesNotExist')
      problems.push(`fieldSelectors do not yet support ${operator}`);
    else if (operator !== 'In' && operator !== 'NotIn')
      problems.push(`${JSON.stringify(operator)} is not a valid field selector operator`);
    else if (values.length === 0)
      problems.push(`fieldSelectors ${operator === 'In' ? 'in' : 'not in'} must have one value`);
    else known.push({ field: key, operator: operator === 'In' ? '=' : '!=', value });
  }
  return known.length === 0 ? undefined : known;
}

function labelSelector(
  selector: LabelSelectorAttributes | undefined,
  problems: string[],
): readonly LabelRequirement[] | undefined {
  const { rawSelector = '', requirements = [] } = selector ?? {};
  if (requirements.length === 0) return readable(rawSelector, parseLabelSelector, problems);
  const known = requirements.flatMap((requirement) => {
    const read = () => labelRequirements({ matchExpressions: [requirement] }) ?? [];
    return attempt(read, problems) ?? [];
  });
  return known.length === 0 ? undefined : known;
}

function readable<T>(
  text: string,
  parse: (text: string) => readonly T[],
  problems: string[],
): readonly T[] | undefined {
  return text === '' ? undefined : attempt(() => parse(text), problems);
}

function attempt<T>(read: () => T, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
