import { builtinKinds } from '@kubewright/api/builtin';
import { defineRules, type KindRules } from './kind-rules.js';
import { podRules } from './pod.js';

const own: readonly KindRules[] = [podRules as unknown as KindRules];
const named = new Set(own.map(({ kind }) => kind));

/** The rules of every built-in kind that is stored. */
export const builtinRules: readonly KindRules[] = [
  ...own,
  ...builtinKinds
    .filter(
      (kind) =>
        !named.has(kind) &&
        kind.verbs.includes('create') &&
        kind.verbs.includes('watch') &&
        !(kind.group === 'autoscaling' && kind.version === 'v1'),
    )
    .map((kind) => defineRules({ kind })),
];
