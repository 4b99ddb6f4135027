import type { ExpressionWarning } from '@kubewright/api/admissionregistration/v1';
import { expect, test } from 'vitest';
import { validatePolicyStatus } from './admission-policy-status.js';
import {
  mutatingAdmissionPolicyBindingRules,
  mutatingAdmissionPolicyRules,
  mutatingWebhookConfigurationRules,
  validatingAdmissionPolicyBindingRules,
  validatingAdmissionPolicyRules,
  validatingWebhookConfigurationRules,
} from './admission-registration.js';
import { judge } from './judge.test.support.js';
import type { KindRules } from './kind-rules.js';

const named = { name: 'x' };

test.each<[string, KindRules, object, string[]]>([
  [
    'a webhook with nothing',
    validatingWebhookConfigurationRules,
    {
      metadata: named,
      webhooks: [{ name: '', clientConfig: {}, sideEffects: 'None', admissionReviewVersions: [] }],
    },
    [
      'webhooks[0].name: Required value',
      'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
    ],
  ],
  [
    'webhooks with bad rules',
    validatingWebhookConfigurationRules,
    {
      metadata: named,
      webhooks: [
        {
          name: 'a',
          clientConfig: { url: 'http://u:p@h/a?b#c' },
          rules: [
            {
              apiGroups: ['*', 'a'],
              apiVersions: [],
              operations: ['READ'],
              resources: ['*/*', 'pods', 'a/b/c'],
              scope: 'All',
            },
          ],
          failurePolicy: 'Wait',
          matchPolicy: 'Near',
          timeoutSeconds: 31,
          sideEffects: 'Some',
          admissionReviewVersions: ['v2', 'v 1'],
        },
        {
          name: 'a.b.dev',
          clientConfig: { service: { name: '', namespace: '', path: 'a', port: 0 }, url: 'https://a' },
          sideEffects: 'NoneOnDryRun',
          admissionReviewVersions: ['v1', 'v1'],
        },
        {
          name: 'a.b.dev',
          clientConfig: { url: 'https://a' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          matchConditions: [
            { name: '', expression: '' },
            { name: 'a', expression: 'true' },
            { name: 'a', expression: 'true' },
          ],
        },
      ],
    },
    [
      'webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots',
      'webhooks[0].rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      'webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other API groups',
      'webhooks[0].rules[0].apiVersions: Required value',
      'webhooks[0].rules[0].resources: Invalid value: ["*/*","pods","a/b/c"]: if \'*/*\' is present, must not specify other resources',
      'webhooks[0].rules[0].scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"',
      'webhooks[0].failurePolicy: Unsupported value: "Wait": supported values: "Fail", "Ignore"',
      'webhooks[0].matchPolicy: Unsupported value: "Near": supported values: "Equivalent", "Exact"',
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      'webhooks[0].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "b": query parameters are not permitted in the URL',
      "webhooks[0].admissionReviewVersions[1]: Invalid value: \"v 1\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      'webhooks[0].admissionReviewVersions: Invalid value: ["v2","v 1"]: must include at least one of v1, v1beta1',
      'webhooks[1].clientConfig: Required value: exactly one of url or service is required',
      'webhooks[1].admissionReviewVersions[1]: Invalid value: "v1": duplicate version',
      'webhooks[2].matchConditions[0].expression: Required value',
      'webhooks[2].matchConditions[0].name: Required value',
      'webhooks[2].matchConditions[2].name: Duplicate value: "a"',
      'webhooks[2].name: Duplicate value: "a.b.dev"',
    ],
  ],
  [
    'a webhook that is called again at times',
    mutatingWebhookConfigurationRules,
    {
      metadata: named,
      webhooks: [
        {
          name: 'a.b.dev',
          clientConfig: { url: 'https://a' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          reinvocationPolicy: 'Always',
        },
      ],
    },
    ['webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"'],
  ],
  [
    'a policy with nothing',
    validatingAdmissionPolicyRules,
    { metadata: named, spec: {} },
    [
      'spec.matchConstraints: Required value',
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
      'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ],
  ],
  [
    'a policy with bad parts',
    validatingAdmissionPolicyRules,
    {
      metadata: named,
      spec: {
        failurePolicy: 'Wait',
        paramKind: { apiVersion: '', kind: 'k k' },
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['pods'],
              resourceNames: [''],
            },
          ],
        },
        variables: [
          { name: 'a b', expression: '' },
          { name: 'a', expression: '1' },
          { name: 'a', expression: '2' },
        ],
        validations: [
          { expression: ' ', message: ' ', reason: 'Odd' },
          { expression: 'true\n|| false' },
          { expression: 'true', message: 'a\nb' },
        ],
        auditAnnotations: [
          { key: '', valueExpression: '' },
          { key: 'a', valueExpression: '"b"' },
          { key: 'a', valueExpression: '"b"' },
        ],
      },
    },
    [
      'spec.failurePolicy: Unsupported value: "Wait": supported values: "Fail", "Ignore"',
      'spec.paramKind.apiVersion: Required value',
      "spec.paramKind.kind: Invalid value: \"k k\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      'spec.variables[0].name: Invalid value: "a b": must be a valid CEL identifier',
      'spec.variables[0].expression: Required value: expression is not specified',
      'spec.validations[0].expression: Required value: expression is not specified',
      'spec.validations[0].message: Invalid value: " ": must be non-empty if specified',
      'spec.validations[0].reason: Unsupported value: "Odd": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
      'spec.validations[2].message: Invalid value: "a\\nb": must not contain line breaks',
      'spec.auditAnnotations[0].key: Invalid value: "x/": name part must be non-empty',
      "spec.auditAnnotations[0].key: Invalid value: \"x/\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
      'spec.auditAnnotations[2].key: Duplicate value: "a"',
    ],
  ],
  [
    'a binding with nothing',
    validatingAdmissionPolicyBindingRules,
    { metadata: named, spec: {} },
    [
      'spec.policyName: Required value',
      'spec.validationActions: Required value: at least one validation action is required',
    ],
  ],
  [
    'a binding with bad actions',
    validatingAdmissionPolicyBindingRules,
    {
      metadata: named,
      spec: {
        policyName: 'p',
        paramRef: { parameterNotFoundAction: 'Wait' },
        validationActions: ['Deny', 'Warn', 'Deny', 'Shout'],
      },
    },
    [
      'spec.paramRef: Required value: one of name or selector must be specified',
      'spec.paramRef.parameterNotFoundAction: Unsupported value: "Wait": supported values: "Deny", "Allow"',
      'spec.validationActions[2]: Duplicate value: "Deny"',
      'spec.validationActions[3]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"',
      'spec.validationActions: Invalid value: ["Deny","Warn","Deny","Shout"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
  ],
  [
    'a policy without mutations',
    mutatingAdmissionPolicyRules,
    {
      metadata: named,
      spec: {
        reinvocationPolicy: 'Always',
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
        },
      },
    },
    [
      'spec.mutations: Required value: mutations must contain at least one item',
      'spec.reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"',
    ],
  ],
  [
    'a policy with bad mutations',
    mutatingAdmissionPolicyRules,
    {
      metadata: named,
      spec: {
        reinvocationPolicy: 'Never',
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          ],
        },
        mutations: [
          { patchType: 'JSONPatch' },
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression: '' } },
          { patchType: 'Other' },
          {
            patchType: 'JSONPatch',
            jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/a"}]' },
            applyConfiguration: { expression: 'Object{}' },
          },
        ],
      },
    },
    [
      'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
      'spec.mutations[1].applyConfiguration.expression: Required value',
      'spec.mutations[2].patchType: Unsupported value: "Other": supported values: "ApplyConfiguration", "JSONPatch"',
      'spec.mutations[3].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    ],
  ],
  [
    'a policy that would change what is deleted',
    mutatingAdmissionPolicyRules,
    {
      metadata: named,
      spec: {
        reinvocationPolicy: 'Never',
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE', 'y'], resources: ['pods'] },
          ],
          excludeResourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['pods'] },
          ],
        },
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'variables.v' } }],
      },
    },
    [
      'spec.matchConstraints.resourceRules[0].operations[1]: Unsupported value: "y": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "y": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      'spec.mutations[0].applyConfiguration.expression: Invalid value: "variables.v": compilation failed: ERROR: <input>:1:10: undefined field \'v\'\n | variables.v\n | .........^',
    ],
  ],
  [
    'a binding of a policy that would change what is deleted',
    mutatingAdmissionPolicyBindingRules,
    {
      metadata: named,
      spec: {
        policyName: 'p',
        matchResources: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['pods'] },
          ],
        },
      },
    },
    [
      'spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ],
  ],
  [
    'a policy with variables that are none',
    validatingAdmissionPolicyRules,
    {
      metadata: { name: 'x' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
        },
        variables: [{ name: 'v' }],
        validations: [{ expression: 'variables.v == 1' }],
      },
    },
    [
      'spec.variables[0].expression: Required value: expression is not specified',
      'spec.validations[0].expression: Invalid value: "variables.v == 1": compilation failed: ERROR: <input>:1:10: undefined field \'v\'\n | variables.v == 1\n | .........^',
    ],
  ],
  [
    'a policy without variables',
    validatingAdmissionPolicyRules,
    {
      metadata: { name: 'x' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
        },
        validations: [{ expression: 'variables.v == 1' }],
      },
    },
    [
      "spec.validations[0].expression: Invalid value: \"variables.v == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.v == 1\n | ^",
    ],
  ],
])('%s is judged as upstream does', (_name, rules, object, expected) => {
  expect(judge(rules, object)).toEqual(expected);
});

// What Kubernetes 1.36.3 says of each.
const references: readonly (readonly [fieldRef: string, problem?: string])[] = [
  ['spec.validations[0].expression'],
  [' a..b[-1]'],
  ["a['b,c',1]"],
  ['a[?(@.x==1)].y'],
  ['$'],
  ['a/b-c d'],
  ['}'],
  ['-1'],
  ['"x"'],
  ['spec.x[', 'unterminated array'],
  ["a['b'", 'unterminated array'],
  ['a[x]', 'invalid array index x'],
  ['a["b"]', 'invalid array index "b"'],
  ['a[?(', 'unterminated filter'],
  ['"x', 'unterminated quoted string'],
  ['-', 'cannot parse number -'],
  ['a,b', "unrecognized character in action: U+002C ','"],
  ['{', "unrecognized character in action: U+007B '{'"],
];
test.each<[object, string[]]>([
  [{}, ['warning: Required value', 'fieldRef: Required value']],
  ...references.map(([fieldRef, problem]): [object, string[]] => [
    { warning: 'w', fieldRef },
    problem === undefined
      ? []
      : [`fieldRef: Invalid value: ${JSON.stringify(fieldRef)}: invalid JSONPath: ${problem}`],
  ]),
])('a warning of an expression, %j, is judged as upstream does', (warning, expected) => {
  const errors = validatePolicyStatus({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: named,
    status: { typeChecking: { expressionWarnings: [warning as ExpressionWarning] } },
  });
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(
    expected.map((one) => `status.typeChecking.expressionWarnings[0].${one}`),
  );
});
