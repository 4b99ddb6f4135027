import type {
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
} from '@kubewright/api/apiextensions/v1';
import type { Outline } from './custom-kind.js';

/** The names that other definitions of the group have. */
export interface TakenNames {
  /** Plurals, singulars and short names. */
  readonly resources: ReadonlySet<string>;
  /** Kinds and kinds of lists. */
  readonly kinds: ReadonlySet<string>;
}

export function takenNames(others: Iterable<Outline>): TakenNames {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const { plural, singular, shortNames = [], kind, listKind } = status.acceptedNames ?? {};
    for (const name of [plural, singular, ...shortNames])
      if (name !== undefined && name !== '') resources.add(name);
    for (const name of [kind, listKind]) if (name !== undefined && name !== '') kinds.add(name);
  }
  return { resources, kinds };
}

/** The names that a definition gets and what is said of them. */
export interface Accepted {
  readonly names: CustomResourceDefinitionNames;
  readonly condition: CustomResourceDefinitionCondition;
}

/** What is not taken is accepted, the rest stays as it was. Source: apiextensions' `NamingConditionController`. */
export function acceptNames({ spec, status }: Outline, { resources, kinds }: TakenNames): Accepted {
  const wanted = spec.names;
  const had: Partial<CustomResourceDefinitionNames> = status.acceptedNames ?? {};
  let problem: { readonly reason: string; readonly message: string } | undefined;
  const accepts = (
    name: string | undefined,
    own: string | undefined,
    taken: ReadonlySet<string>,
    reason: string,
  ) => {
    if (name === own || name === undefined || !taken.has(name)) return true;
    problem = { reason, message: `${JSON.stringify(name)} is already in use` };
    return false;
  };
  const plural = accepts(wanted.plural, had.plural, resources, 'PluralConflict') ? wanted.plural : had.plural;
  const singular = accepts(wanted.singular, had.singular, resources, 'SingularConflict')
    ? wanted.singular
    : had.singular;
  const inUse = (wanted.shortNames ?? []).filter(
    (name) => !had.shortNames?.includes(name) && resources.has(name),
  );
  if (inUse.length > 0) {
    const messages = inUse.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`;
    problem = { reason: 'ShortNamesConflict', message };
  }
  const shortNames = inUse.length > 0 ? had.shortNames : wanted.shortNames;
  const kind = accepts(wanted.kind, had.kind, kinds, 'KindConflict') ? wanted.kind : had.kind;
  const listKind = accepts(wanted.listKind, had.listKind, kinds, 'ListKindConflict')
    ? wanted.listKind
    : had.listKind;
  return {
    names: {
      plural: plural ?? '',
      ...(singular === undefined ? {} : { singular }),
      ...(shortNames === undefined ? {} : { shortNames }),
      kind: kind ?? '',
      ...(listKind === undefined ? {} : { listKind }),
      ...(wanted.categories === undefined ? {} : { categories: wanted.categories }),
    },
    condition:
      problem === undefined
        ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
        : { type: 'NamesAccepted', status: 'False', ...problem },
  };
}
