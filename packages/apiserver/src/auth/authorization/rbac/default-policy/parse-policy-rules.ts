import type { PolicyRule } from '@kubewright/api/rbac/v1';

const verbSets: Readonly<Record<string, readonly string[]>> = {
  read: ['get', 'list', 'watch'],
  write: ['create', 'delete', 'deletecollection', 'patch', 'update'],
  all: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
};

const line = /^(?<verbs>\S+) (?<what>\S+)(?: in (?<groups>\S+))?(?: named (?<names>\S+))?$/;

/**
 * Reads rules, a line each, as {@link defaultClusterRoles} has them.
 * @throws Error for a line of another form
 */
export function parsePolicyRules(text: string): PolicyRule[] {
  return text
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map(parseRule);
}

function parseRule(text: string): PolicyRule {
  if (text === 'record events') return parseRule('create,patch,update events in core,events.k8s.io');
  const { verbs = '', what = '', groups, names } = line.exec(text)?.groups ?? {};
  if (verbs === '') throw new Error(`not a rule: ${text}`);
  const known = [...(verbSets[verbs] ?? verbs.split(','))];
  if (what.startsWith('/') || (what === '*' && groups === undefined))
    return { verbs: known, nonResourceURLs: what.split(',') };
  return {
    verbs: known,
    apiGroups: (groups ?? 'core').split(',').map((group) => (group === 'core' ? '' : group)),
    resources: what.split(','),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
  };
}
