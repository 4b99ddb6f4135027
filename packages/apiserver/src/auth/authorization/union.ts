import { type Attributes, type Authorizer, type Decision, noOpinion, type UserRules } from './authorizer.js';

/** Asks authorizers one after the other until one of them allows or denies. */
export function union(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize: (attributes) => ask(authorizers, attributes, 0, noOpinion),
    rulesFor: (user, namespace) => joined(authorizers.map((each) => each.rulesFor(user, namespace))),
  };
}

function ask(
  authorizers: readonly Authorizer[],
  attributes: Attributes,
  from: number,
  before: Decision,
): Decision | Promise<Decision> {
  let known = before;
  for (let at = from; at < authorizers.length; at++) {
    const decision = authorizers[at]?.authorize(attributes) ?? noOpinion;
    if (decision instanceof Promise)
      return decision.then((late) => {
        const all = together(known, late);
        return late.verdict === 'no opinion' ? ask(authorizers, attributes, at + 1, all) : late;
      });
    if (decision.verdict !== 'no opinion') return decision;
    known = together(known, decision);
  }
  return known;
}

/** Two that have no opinion, in one. */
function together(first: Decision, second: Decision): Decision {
  if (first === noOpinion) return second;
  if (second === noOpinion) return first;
  const reason = [first.reason, second.reason].filter((text) => text !== '').join('\n');
  const error = first.error ?? second.error;
  return { verdict: 'no opinion', reason, ...(error === undefined ? {} : { error }) };
}

function joined(all: readonly UserRules[]): UserRules {
  const problems = all.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return {
    rules: all.flatMap(({ rules }) => rules),
    incomplete: all.some(({ incomplete }) => incomplete),
    problem:
      problems.length === 0 ? undefined : problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`,
  };
}
