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

/** What a review asks about, and which of its selectors can't be read; what can't restricts nothing. */
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
    fieldSelector: readable('fieldSelector', fieldSelector(resource?.fieldSelector), problems),
    labelSelector: readable('labelSelector', labelSelector(resource?.labelSelector), problems),
  };
  return { attributes, problems };
}

/** The requirements that can be read, and whether there are others. */
interface Selector<T> {
  readonly known: readonly T[];
  readonly ignores: boolean;
}

function readable<T>(name: string, { known, ignores }: Selector<T>, problems: string[]) {
  const partially = known.length > 0 ? 'partially ' : '';
  if (ignores) problems.push(`spec.resourceAttributes.${name} ${partially}ignored due to parse error`);
  return known.length === 0 ? undefined : known;
}

function fieldSelector({
  rawSelector = '',
  requirements = [],
}: FieldSelectorAttributes = {}): Selector<FieldRequirement> {
  if (requirements.length === 0) return parsed(rawSelector, parseFieldSelector);
  const known = requirements.flatMap(({ key, operator, values = [] }): FieldRequirement[] => {
    const [value, ...more] = values;
    if (value === undefined || more.length > 0 || (operator !== 'In' && operator !== 'NotIn')) return [];
    return [{ field: key, operator: operator === 'In' ? '=' : '!=', value }];
  });
  return { known, ignores: known.length < requirements.length };
}

function labelSelector({
  rawSelector = '',
  requirements = [],
}: LabelSelectorAttributes = {}): Selector<LabelRequirement> {
  if (requirements.length === 0) return parsed(rawSelector, parseLabelSelector);
  const read = requirements.map((requirement) =>
    attempt(() => labelRequirements({ matchExpressions: [requirement] }) ?? []),
  );
  return { known: read.flatMap((some) => some ?? []), ignores: read.includes(undefined) };
}

function parsed<T>(text: string, parse: (text: string) => readonly T[]): Selector<T> {
  const known = text === '' ? [] : attempt(() => parse(text));
  return { known: known ?? [], ignores: known === undefined };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return undefined;
  }
}
