import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../kubectl.js';
import { startTlsServer, type TlsServer } from '../tls-server.js';

let server: TlsServer;
let kubectl: Kubectl;
let certificate: readonly string[];

beforeAll(async () => {
  server = await startTlsServer();
  kubectl = new Kubectl(server.kubeconfig);
  const [key, cert] = [join(server.directory, 'tls.key'), join(server.directory, 'tls.crt')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=web',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  certificate = [`--cert=${cert}`, `--key=${key}`];
});
afterAll(async () => {
  kubectl.close();
  await server.close();
});

/** Command, what kubectl says that it made, and the kind and name to look for afterwards. */
const commands: readonly (readonly [command: string, made: string, resource: string])[] = [
  [
    'clusterrole reader --verb=get,list --resource=pods',
    'clusterrole.rbac.authorization.k8s.io/reader',
    'clusterrole/reader',
  ],
  [
    'clusterrole urls --verb=get --non-resource-url=/logs/*',
    'clusterrole.rbac.authorization.k8s.io/urls',
    'clusterrole/urls',
  ],
  ['clusterrole sum --aggregation-rule=a=b', 'clusterrole.rbac.authorization.k8s.io/sum', 'clusterrole/sum'],
  [
    'clusterrolebinding readers --clusterrole=reader --user=u --group=g',
    'clusterrolebinding.rbac.authorization.k8s.io/readers',
    'clusterrolebinding/readers',
  ],
  ['configmap settings --from-literal=a=1 --from-literal=b=2', 'configmap/settings', 'configmap/settings'],
  ['cronjob nightly --image=busybox --schedule=0_3_*_*_*', 'cronjob.batch/nightly', 'cronjob/nightly'],
  ['deployment web --image=nginx --replicas=2 --port=80', 'deployment.apps/web', 'deployment/web'],
  [
    'ingress front --rule=web.example.com/*=web:80 --default-backend=web:80 --class=nginx',
    'ingress.networking.k8s.io/front',
    'ingress/front',
  ],
  ['job once --image=busybox -- date', 'job.batch/once', 'job/once'],
  ['namespace other', 'namespace/other', 'namespace/other'],
  [
    'poddisruptionbudget safe --selector=app=web --min-available=50%',
    'poddisruptionbudget.policy/safe',
    'poddisruptionbudget/safe',
  ],
  [
    'priorityclass high --value=1000 --description=first',
    'priorityclass.scheduling.k8s.io/high',
    'priorityclass/high',
  ],
  [
    'quota most --hard=pods=10,requests.cpu=4,count/deployments.apps=2',
    'resourcequota/most',
    'resourcequota/most',
  ],
  ['quota best --hard=pods=10 --scopes=BestEffort', 'resourcequota/best', 'resourcequota/best'],
  [
    'role editor --verb=* --resource=deployments.apps',
    'role.rbac.authorization.k8s.io/editor',
    'role/editor',
  ],
  [
    'rolebinding editors --role=editor --serviceaccount=default:default',
    'rolebinding.rbac.authorization.k8s.io/editors',
    'rolebinding/editors',
  ],
  ['secret generic password --from-literal=p=x', 'secret/password', 'secret/password'],
  [
    'secret docker-registry registry --docker-server=r.example.com --docker-username=u --docker-password=p',
    'secret/registry',
    'secret/registry',
  ],
  ['service clusterip inside --tcp=80:8080', 'service/inside', 'service/inside'],
  ['service clusterip headless --clusterip=None', 'service/headless', 'service/headless'],
  ['service nodeport node --tcp=80', 'service/node', 'service/node'],
  ['service loadbalancer outside --tcp=443', 'service/outside', 'service/outside'],
  ['service externalname elsewhere --external-name=example.com', 'service/elsewhere', 'service/elsewhere'],
  ['serviceaccount robot', 'serviceaccount/robot', 'serviceaccount/robot'],
];

/** Underscores stand for the spaces of a schedule. */
const argumentsOf = (command: string) =>
  ['create', ...command.split(' ')].map((part) =>
    part.startsWith('--schedule') ? part.replaceAll('_', ' ') : part,
  );

const withFlags = (args: readonly string[], ...flags: readonly string[]) => {
  const end = args.indexOf('--');
  return end < 0 ? [...args, ...flags] : [...args.slice(0, end), ...flags, ...args.slice(end)];
};

describe.skipIf(kubectlPath === undefined)('kubectl create', () => {
  it.each(commands)('%s', async (command, made, resource) => {
    const args = argumentsOf(command);
    const strict = withFlags(args, '--validate=strict');
    const tried = await kubectl.ok(withFlags(strict, '--dry-run=server'));
    expect(tried).toBe(`${made} created (server dry run)\n`);
    expect(await kubectl.fails(['get', resource])).toContain('NotFound');
    expect(await kubectl.ok(strict)).toBe(`${made} created\n`);
    expect(await kubectl.ok(['get', resource, '-o', 'name'])).toBe(`${made}\n`);
    expect(await kubectl.fails(strict)).toContain('already exists');
  });

  it('secret tls', async () => {
    const args = ['create', 'secret', 'tls', 'cert', ...certificate, '--validate=strict'];
    expect(await kubectl.ok([...args, '--dry-run=server'])).toBe('secret/cert created (server dry run)\n');
    expect(await kubectl.ok(args)).toBe('secret/cert created\n');
  });

  it('what it makes has the defaults of the server', async () => {
    const field = (resource: string, path: string) =>
      kubectl.ok(['get', resource, '-o', `jsonpath={${path}}`]);
    expect(await field('cronjob/nightly', '.spec.concurrencyPolicy')).toBe('Allow');
    expect(await field('job/once', '.spec.podReplacementPolicy')).toBe('TerminatingOrFailed');
    expect(await field('deployment/web', '.spec.strategy.rollingUpdate.maxSurge')).toBe('25%');
    expect(await field('service/node', '.spec.externalTrafficPolicy')).toBe('Cluster');
    expect(await field('service/headless', '.spec.clusterIP')).toBe('None');
    expect(await field('priorityclass/high', '.preemptionPolicy')).toBe('PreemptLowerPriority');
    expect(await field('rolebinding/editors', '.roleRef.apiGroup')).toBe('rbac.authorization.k8s.io');
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('runs a pod, exposes it, and scales by itself', async () => {
    const run = ['run', 'alone', '--image=nginx', '--port=80', '--labels=app=alone'];
    expect(await kubectl.ok([...run, '--dry-run=server'])).toBe('pod/alone created (server dry run)\n');
    expect(await kubectl.ok(run)).toBe('pod/alone created\n');
    const expose = ['expose', 'pod', 'alone', '--port=80', '--name=way'];
    expect(await kubectl.ok([...expose, '--dry-run=server'])).toBe('service/way exposed (server dry run)\n');
    expect(await kubectl.ok(expose)).toBe('service/way exposed\n');
    await kubectl.ok('create deployment many --image=nginx');
    expect(await kubectl.ok('expose deployment many --port=80 --type=NodePort')).toBe(
      'service/many exposed\n',
    );
    const autoscale = 'autoscale deployment many --min=1 --max=5 --cpu-percent=60';
    const made = 'horizontalpodautoscaler.autoscaling/many autoscaled';
    expect(await kubectl.ok(`${autoscale} --dry-run=server`)).toBe(`${made} (server dry run)\n`);
    expect(await kubectl.ok(autoscale)).toBe(`${made}\n`);
    const target = await kubectl.ok([
      'get',
      'hpa',
      'many',
      '-o',
      'jsonpath={.spec.metrics[0].resource.target.averageUtilization}',
    ]);
    expect(target).toBe('60');
  });

  it.each<[string, string, string]>([
    [
      'a schedule that is none',
      'create cronjob bad --image=b --schedule=never',
      'expected exactly 5 fields, found 1: [never]',
    ],
    ['a name in capitals', 'create configmap Bad', 'a lowercase RFC 1123 subdomain must consist of'],
    [
      'a priority of the system',
      'create priorityclass system-mine --value=1',
      "priority class names with 'system-' prefix are reserved for system use only",
    ],
    [
      'a quota of nothing known',
      'create quota bad --hard=bananas=1',
      'must be a standard resource type or fully qualified',
    ],
    [
      'a quota whose scope does not fit',
      'create quota bad --hard=cpu=1 --scopes=BestEffort',
      'unsupported scope applied to resource',
    ],
  ])('%s is refused with the words of kube-apiserver', async (_name, command, words) => {
    expect(await kubectl.fails(command)).toContain(words);
  });

  it('shows warnings of the server', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'odd' },
      spec: {
        containers: [
          {
            name: 'a',
            image: 'a',
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
            ],
          },
        ],
      },
    };
    const { err, code } = await kubectl.run('create -f - --validate=ignore', { input: JSON.stringify(pod) });
    expect(code).toBe(0);
    expect(err).toContain(
      'Warning: spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    );
    const endpoints = await kubectl.run('get endpoints');
    expect(endpoints.err).toContain(
      'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    );
  });

  it('replaces a lease only where it names the version', async () => {
    const lease = (more: object = {}) =>
      JSON.stringify({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'mine', namespace: 'default', ...more },
        spec: { leaseDurationSeconds: 5 },
      });
    // kubectl asks first whether there is one; a PUT by hand makes it.
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/mine';
    const made = await server.send({ method: 'PUT', path, body: JSON.parse(lease()) as object });
    expect(made.code).toBe(201);
    const refused = await server.send({ method: 'PUT', path, body: JSON.parse(lease()) as object });
    expect(refused.code).toBe(422);
    expect(refused.json().message).toBe(
      'leases.coordination.k8s.io "mine" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
    expect(await kubectl.ok('replace -f -', { input: lease() })).toBe(
      'lease.coordination.k8s.io/mine replaced\n',
    );
  });
});
