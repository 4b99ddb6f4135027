import { expect, test } from 'vitest';
import { ingressClassRules, ingressRules } from './ingress.js';
import { judge, judgeUpdate } from './judge.test.support.js';
import type { KindRules } from './kind-rules.js';
import { ipAddressRules, networkPolicyRules, serviceCidrRules } from './network.js';

const named = { name: 'x' };
const namespaced = { name: 'x', namespace: 'default' };

test.each<[string, KindRules, object, string[]]>([
  [
    'a policy with bad peers and ports',
    networkPolicyRules,
    {
      metadata: namespaced,
      spec: {
        podSelector: { matchLabels: { 'a b': 'c' } },
        policyTypes: ['Ingress', 'Egress', 'Both'],
        ingress: [
          {
            ports: [
              { protocol: 'ICMP', port: 0 },
              { port: 'Http!' },
              { port: 80, endPort: 70 },
              { endPort: 80 },
              { port: 'http', endPort: 80 },
            ],
            from: [{}, { podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }],
          },
        ],
        egress: [
          {
            to: [
              { ipBlock: { cidr: '' } },
              { ipBlock: { cidr: '10.0.0.0' } },
              { ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16', '10.0.0.0/8'] } },
            ],
          },
        ],
      },
    },
    [
      "spec.podSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
      'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ingress[0].ports[1].port: Invalid value: "Http!": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'spec.ingress[0].ports[2].endPort: Invalid value: 80: must be greater than or equal to `port`',
      'spec.ingress[0].ports[3].endPort: Invalid value: 80: may not be specified when `port` is not specified',
      'spec.ingress[0].ports[4].endPort: Invalid value: 80: may not be specified when `port` is non-numeric',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer',
      'spec.egress[0].to[0].ipBlock.cidr: Required value',
      'spec.egress[0].to[1].ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.egress[0].to[2].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
      'spec.egress[0].to[2].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
      'spec.policyTypes: Invalid value: ["Ingress","Egress","Both"]: may not specify more than two policyTypes',
    ],
  ],
  [
    'a policy with unknown types',
    networkPolicyRules,
    { metadata: namespaced, spec: { podSelector: {}, policyTypes: ['Both'] } },
    ['spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"'],
  ],
  [
    'an ingress without rules',
    ingressRules,
    { metadata: namespaced, spec: {} },
    ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
  ],
  [
    'an ingress with bad hosts, paths and backends',
    ingressRules,
    {
      metadata: namespaced,
      spec: {
        ingressClassName: 'A',
        tls: [{ hosts: ['*.', 'a.dev'] }],
        defaultBackend: {},
        rules: [
          { host: '10.0.0.1', http: { paths: [] } },
          {
            host: '*.a',
            http: {
              paths: [
                { path: 'a', pathType: 'Prefix', backend: { service: { name: 's' } } },
                {
                  path: '/a//b',
                  pathType: 'Exact',
                  backend: { service: { name: 'S', port: { number: 70000 } } },
                },
                { path: '/', backend: { service: { name: 's', port: { name: 'a', number: 1 } } } },
                {
                  path: '/',
                  pathType: 'Most',
                  backend: {
                    resource: { kind: 'K', name: 'n' },
                    service: { name: 's', port: { number: 1 } },
                  },
                },
              ],
            },
          },
        ],
      },
    },
    [
      'spec.defaultBackend: Invalid value: "": resource or service backend is required',
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
      'spec.rules[0].http.paths: Required value',
      'spec.rules[1].http.paths[0].path: Invalid value: "a": must be an absolute path',
      'spec.rules[1].http.paths[0].backend: Required value: port name or number is required',
      'spec.rules[1].http.paths[1].path: Invalid value: "/a//b": must not contain \'//\'',
      "spec.rules[1].http.paths[1].backend.service.name: Invalid value: \"S\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'spec.rules[1].http.paths[1].backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'spec.rules[1].http.paths[2].pathType: Required value: pathType must be specified',
      'spec.rules[1].http.paths[3].pathType: Unsupported value: "Most": supported values: "Exact", "ImplementationSpecific", "Prefix"',
      'spec.rules[1].http.paths[3].backend: Invalid value: "": cannot set both resource and service backends',
      "spec.tls[0].hosts[0]: Invalid value: \"*.\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "spec.ingressClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ],
  [
    'a class with bad parameters',
    ingressClassRules,
    { metadata: named, spec: { controller: 'a b', parameters: { kind: '', name: 'n', scope: 'Namespace' } } },
    [
      'spec.controller: Invalid value: "a b": must be a domain-prefixed path (such as "acme.io/foo")',
      'spec.parameters.kind: Required value',
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ],
  ],
  [
    'a class whose cluster parameters have a namespace',
    ingressClassRules,
    {
      metadata: named,
      spec: { controller: 'a.dev/b', parameters: { kind: 'K', name: 'n', scope: 'Cluster', namespace: 'x' } },
    },
    ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
  ],
  [
    'an address with no parent',
    ipAddressRules,
    { metadata: { name: '10.0.0.01' }, spec: {} },
    ['spec.parentRef: Required value'],
  ],
  [
    'an address with half a parent',
    ipAddressRules,
    { metadata: { name: '10.0.0.1' }, spec: { parentRef: {} } },
    ['spec.parentRef.resource: Required value', 'spec.parentRef.name: Required value'],
  ],
  [
    'a range with none',
    serviceCidrRules,
    { metadata: named, spec: { cidrs: [] } },
    ['spec.cidrs: Required value: at least one CIDR required'],
  ],
  [
    'a range with bad ones',
    serviceCidrRules,
    { metadata: named, spec: { cidrs: ['10.0.0.0', '10.0.0.1/8'] } },
    [
      'spec.cidrs[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.cidrs[1]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
    ],
  ],
  [
    'a range with two of a family',
    serviceCidrRules,
    { metadata: named, spec: { cidrs: ['10.0.0.0/8', '11.0.0.0/8'] } },
    [
      'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
  ],
])('%s is judged as upstream does', (_name, rules, object, expected) => {
  expect(judge(rules, object)).toEqual(expected);
});

test.each<[string, KindRules, object, object, string[]]>([
  [
    'a class gets another controller',
    ingressClassRules,
    { metadata: named, spec: { controller: 'a.dev/b' } },
    { metadata: named, spec: { controller: 'a.dev/c' } },
    ['spec.controller: Invalid value: "a.dev/c": field is immutable'],
  ],
  [
    'an address gets another parent',
    ipAddressRules,
    {
      metadata: { name: '10.0.0.1' },
      spec: { parentRef: { resource: 'services', name: 'a', namespace: 'b' } },
    },
    {
      metadata: { name: '10.0.0.1' },
      spec: { parentRef: { resource: 'services', name: 'c', namespace: 'b' } },
    },
    [
      'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"b","Name":"c"}: field is immutable',
    ],
  ],
  [
    'a range changes',
    serviceCidrRules,
    { metadata: named, spec: { cidrs: ['10.0.0.0/8'] } },
    { metadata: named, spec: { cidrs: ['11.0.0.0/8'] } },
    ['spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable'],
  ],
])('%s: the update is judged as upstream does', (_name, rules, old, next, expected) => {
  expect(judgeUpdate(rules, old, next)).toEqual(expected);
});

test('ranges that may be meant otherwise are warned of', () => {
  const block = (cidr: string, except?: string[]) => ({ ipBlock: { cidr, except } });
  const policy = {
    metadata: namespaced,
    spec: {
      podSelector: {},
      ingress: [{ from: [block('10.0.0.1/8'), block('2001:DB8::/32'), block('10.0.0.0/8')] }],
      egress: [{ to: [block('0.0.0.0/0', ['10.0.0.0/33', '10.1.0.0/8'])] }],
    },
  };
  expect(networkPolicyRules.warnings?.(policy, undefined)).toEqual([
    'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    'spec.ingress[0].from[1].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    'spec.egress[0].to[0].ipBlock.except[1]: CIDR value "10.1.0.0/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.0.0/32"?)',
  ]);
});
