import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let kubectl: Kubectl;

beforeAll(async () => {
  server = await startTlsServer();
  kubectl = new Kubectl(server.kubeconfig);
});
afterAll(async () => {
  kubectl.close();
  await server.close();
});

const header = (kind: string, name: string) =>
  `apiVersion: admissionregistration.k8s.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec:`;
const onDeployments = `
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
`;

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('is refused by a policy, and told why', async () => {
    const policy = `${header('ValidatingAdmissionPolicy', 'replicas.example.com')}
  failurePolicy: Fail
${onDeployments}
  validations:
  - expression: object.spec.replicas <= 5
    messageExpression: "'too many replicas: ' + string(object.spec.replicas)"
  - expression: object.spec.template.spec.containers.all(c, c.image.startsWith('ok/'))
    message: images come from ok/
---
${header('ValidatingAdmissionPolicyBinding', 'replicas')} {policyName: replicas.example.com, validationActions: [Deny]}
`;
    await kubectl.ok('apply -f -', { input: policy });
    expect(await kubectl.fails('create deployment d --image=ok/a --replicas=7')).toBe(
      "error: failed to create deployment: deployments.apps \"d\" is forbidden: ValidatingAdmissionPolicy 'replicas.example.com' with binding 'replicas' denied request: too many replicas: 7\n",
    );
    expect(await kubectl.fails('create deployment d --image=bad/a')).toContain('images come from ok/');
    await kubectl.ok('create deployment d --image=ok/a --replicas=2');
    expect(await kubectl.fails('patch deployment d -p {"spec":{"replicas":9}}')).toContain(
      'too many replicas: 9',
    );
    expect(await kubectl.ok('get validatingadmissionpolicies')).toContain('replicas.example.com');
    await kubectl.ok('delete validatingadmissionpolicies,validatingadmissionpolicybindings --all');
  });

  it('sees what a mutating policy made of an object', async () => {
    const policy = `${header('MutatingAdmissionPolicy', 'defaults.example.com')}
  failurePolicy: Fail
  reinvocationPolicy: IfNeeded
${onDeployments}
  matchConditions:
  - {name: not-yet, expression: "!has(object.metadata.labels.team)"}
  variables:
  - {name: team, expression: "object.metadata.namespace + '-team'"}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: "Object{metadata: Object.metadata{labels: {'team': variables.team}}}"
  - patchType: JSONPatch
    jsonPatch:
      expression: >-
        [JSONPatch{op: 'add', path: '/metadata/annotations', value: {}},
         JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('example.com/by'), value: 'policy'}]
---
${header('MutatingAdmissionPolicyBinding', 'defaults')} {policyName: defaults.example.com}
`;
    await kubectl.ok('apply -f -', { input: policy });
    await kubectl.ok('create deployment mutated --image=ok/a');
    expect(
      await kubectl.ok('get deployment mutated -o jsonpath={.metadata.labels.team},{.metadata.annotations}'),
    ).toBe('default-team,{"example.com/by":"policy"}');
    expect(await kubectl.ok('get mutatingadmissionpolicies')).toContain('defaults.example.com');
    await kubectl.ok('delete mutatingadmissionpolicies,mutatingadmissionpolicybindings --all');
  });

  it('shows which expressions do not suit the kinds of a policy', async () => {
    const policy = `${header('ValidatingAdmissionPolicy', 'types.example.com')}
  failurePolicy: Ignore
${onDeployments}
  validations:
  - expression: object.spec.replicas == 'many'
  - expression: object.spec.nope == 1
`;
    await kubectl.ok('create -f -', { input: policy });
    const warnings = await kubectl.ok(
      'get validatingadmissionpolicy types.example.com -o jsonpath={.status.typeChecking.expressionWarnings[*]}',
    );
    expect(warnings).toContain('spec.validations[0].expression');
    expect(warnings).toContain("found no matching overload for '_==_' applied to '(int, string)'");
    expect(warnings).toContain("undefined field 'nope'");
    await kubectl.ok('delete validatingadmissionpolicies --all');
  });

  it('shows all that is wrong with the expressions of a policy', async () => {
    const policy = `${header('ValidatingAdmissionPolicy', 'bad.example.com')}
  failurePolicy: Fail
${onDeployments}
  validations:
  - expression: request.nope == 1
  - expression: size(object) > 1 &&
`;
    const refused = await kubectl.fails('create -f -', { input: policy });
    expect(refused).toContain('The ValidatingAdmissionPolicy "bad.example.com" is invalid:');
    expect(refused).toContain(
      `* spec.validations[0].expression: Invalid value: "request.nope == 1": compilation failed: ERROR: <input>:1:8: undefined field 'nope'
 | request.nope == 1
 | .......^
`,
    );
    expect(refused).toContain("<input>:1:20: Syntax error: mismatched input '<EOF>' expecting");
  });
});
