/** Asks the built RBAC authorizer beside many roles, and gives the microseconds of processor time of a decision. */
import { RbacAuthorizer } from '../packages/apiserver/dist/auth/authorization/rbac/rbac-authorizer.js';

const apiGroup = 'rbac.authorization.k8s.io';
const rounds = 20;

process.once('disconnect', () => process.exit(0));
process.on('message', ({ count }) => {
  const rbac = new RbacAuthorizer();
  for (let i = 0; i < count; i++) {
    const rules = [{ apiGroups: [''], resources: ['configmaps', `kind${i}`], verbs: ['get', 'list'] }];
    rbac.setRole({ kind: 'ClusterRole', metadata: { name: `r${i}` }, rules });
    rbac.setBinding({
      metadata: { name: `b${i}` },
      roleRef: { apiGroup, kind: 'ClusterRole', name: `r${i}` },
      subjects: [
        { kind: 'Group', apiGroup, name: 'dev' },
        { kind: 'User', apiGroup, name: `user-${i}` },
      ],
    });
  }
  const user = { name: 'jane', groups: ['dev'] };
  const asked = Array.from({ length: count }, (_, i) => ({
    ...{ user, verb: 'get', apiGroup: '', apiVersion: 'v1', resource: `kind${i}`, subresource: '' },
    ...{ namespace: 'web', name: 'x', isResource: true, path: '' },
  }));
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    for (const each of asked) {
      if (rbac.authorize(each).verdict !== 'allow') throw new Error(`${each.resource} is refused`);
    }
  }
  process.send(process.cpuUsage(start).user / (rounds * count));
});
