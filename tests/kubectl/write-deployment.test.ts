import { chmod, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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

const deployment = (replicas: number, image = 'nginx') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: ${image}, env: [{name: A, value: "1"}]}]
`;

async function json<T>(args: string): Promise<T> {
  return JSON.parse(await kubectl.ok(`${args} -o json`)) as T;
}

interface Web {
  readonly metadata: {
    readonly generation: number;
    readonly resourceVersion: string;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { image: string; env?: object[] }[] };
    };
  };
}

interface Managed {
  readonly metadata: { readonly managedFields: readonly { manager: string; operation: string }[] };
}

/**
 * Edits with an editor that changes the text once, and once more where it is opened again, and remembers what it saw.
 * @param meanwhile what happens while it is open
 */
async function edit(what: string, first: string, second = '', meanwhile = '', command = 'edit') {
  const editor = join(server.directory, 'editor.sh');
  const seen = await mkdtemp(join(server.directory, 'seen-'));
  const change = (script: string) => (script === '' ? ':' : `sed -i '${script}' "$1"`);
  await writeFile(
    editor,
    `#!/bin/sh
n=$(ls ${seen} | wc -l)
cp "$1" ${seen}/$n
if [ $n = 0 ]; then ${change(first)}; else ${change(second)}; fi
${meanwhile}
`,
  );
  await chmod(editor, 0o755);
  const ran = await kubectl.run(`${command} ${what}`, { env: { EDITOR: editor } });
  const names = (await readdir(seen)).sort();
  return { ...ran, seen: await Promise.all(names.map((name) => readFile(join(seen, name), 'utf8'))) };
}

describe.skipIf(kubectlPath === undefined)('kubectl that writes a Deployment', () => {
  beforeEach(async () => {
    await kubectl.ok('apply -f -', { input: deployment(2) });
  });
  afterEach(async () => {
    await kubectl.ok('delete deploy --all');
  });

  it('applies once, twice and changed', async () => {
    const first = await json<Web>('get deploy web');
    expect(await kubectl.ok('apply -f -', { input: deployment(2) })).toBe('deployment.apps/web unchanged\n');
    expect((await json<Web>('get deploy web')).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(await kubectl.ok('apply -f -', { input: deployment(3, 'httpd') })).toBe(
      'deployment.apps/web configured\n',
    );
    const changed = await json<Web>('get deploy web');
    expect(changed.spec.replicas).toBe(3);
    expect(changed.spec.template.spec.containers).toMatchObject([{ image: 'httpd' }]);
    expect(changed.metadata.generation).toBe(2);
  });

  it('shows what an apply would change', async () => {
    const { code, out } = await kubectl.run('diff -f -', { input: deployment(5) });
    expect(code).toBe(1);
    expect(out).toMatch(/^- {2}replicas: 2\n\+ {2}replicas: 5$/m);
    expect((await kubectl.run('diff -f -', { input: deployment(2) })).code).toBe(0);
  });

  it('applies on the server', async () => {
    expect(await kubectl.ok('apply --server-side --force-conflicts -f -', { input: deployment(4) })).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(4);
  });

  it('conflicts with the one who changed what it applies, in words that say what to do', async () => {
    await kubectl.ok('apply --server-side --force-conflicts --field-manager=a -f -', {
      input: deployment(4),
    });
    await kubectl.ok('scale deploy web --replicas=6');
    const refused = await kubectl.fails('apply --server-side --field-manager=a -f -', {
      input: deployment(4),
    });
    expect(
      refused,
    ).toBe(`error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
`);
  });

  it('conflicts with another applier, and takes over by force', async () => {
    await kubectl.ok('apply --server-side --force-conflicts --field-manager=a -f -', {
      input: deployment(4),
    });
    const refused = await kubectl.fails('apply --server-side --field-manager=b -f -', {
      input: deployment(5),
    });
    expect(refused).toContain('Apply failed with 1 conflict: conflict with "a": .spec.replicas');
    expect(refused).toContain('--force-conflicts');
    await kubectl.ok('apply --server-side --field-manager=b --force-conflicts -f -', {
      input: deployment(5),
    });
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(5);
  });

  it('applies on the client over what another one changed, and says so where the version is named', async () => {
    await kubectl.ok('scale deploy web --replicas=9');
    expect(await kubectl.ok('apply -f -', { input: deployment(3) })).toBe('deployment.apps/web configured\n');
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(3);
    const stale = deployment(4).replace('{name: web, labels', '{name: web, resourceVersion: "1", labels');
    expect(await kubectl.fails('apply -f -', { input: stale })).toContain(
      'the object has been modified; please apply your changes to the latest version',
    );
  });

  it('sets the selector of a service and the subjects of a binding', async () => {
    await kubectl.ok('create service clusterip front --tcp=80');
    expect(await kubectl.ok('set selector service front app=web,tier=x')).toContain('selector updated');
    expect(await json<object>('get service front')).toMatchObject({
      spec: { selector: { app: 'web', tier: 'x' } },
    });
    await kubectl.ok('create rolebinding readers --clusterrole=view --user=u');
    expect(
      await kubectl.ok('set subject rolebinding readers --group=g --serviceaccount=default:s'),
    ).toContain('subjects updated');
    const { subjects } = await json<{ subjects: { name: string }[] }>('get rolebinding readers');
    expect(subjects.map(({ name }) => name).sort()).toEqual(['g', 's', 'u']);
    await kubectl.ok('delete service/front rolebinding/readers');
  });

  it('labels and annotates', async () => {
    expect(await kubectl.ok('label deploy web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await kubectl.fails('label deploy web tier=back')).toContain(`'tier' already has a value (front)`);
    await kubectl.ok('label deploy web tier=back --overwrite');
    await kubectl.ok('annotate deploy web note=hi');
    const { metadata } = await json<Web>('get deploy web');
    // A Deployment's annotations count as what is wanted of it.
    expect(metadata).toMatchObject({ labels: { tier: 'back' }, annotations: { note: 'hi' }, generation: 2 });
    expect(await kubectl.ok('label deploy web tier-')).toBe('deployment.apps/web unlabeled\n');
  });

  it('patches in all three ways', async () => {
    await kubectl.ok([
      'patch',
      'deploy',
      'web',
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"a"}]}}}}',
    ]);
    await kubectl.ok(['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"replicas":7}}']);
    await kubectl.ok([
      'patch',
      'deploy',
      'web',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/metadata/labels/app","value":"w"}]',
    ]);
    const web = await json<Web>('get deploy web');
    expect(web.spec).toMatchObject({
      replicas: 7,
      template: { spec: { containers: [{ name: 'web', image: 'a', env: [{ name: 'A', value: '1' }] }] } },
    });
    expect(web.metadata.labels).toEqual({ app: 'w' });
    expect(
      await kubectl.ok(['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"replicas":7}}']),
    ).toBe('deployment.apps/web patched (no change)\n');
    expect(
      await kubectl.fails(['patch', 'deploy', 'web', '--type=merge', '-p', '{"spec":{"replicas":"x"}}']),
    ).toContain(
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    );
  });

  it('edits', async () => {
    expect(await edit('deploy web', 's/replicas: 2/replicas: 6/')).toMatchObject({
      code: 0,
      out: 'deployment.apps/web edited\n',
    });
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(6);
    expect((await edit('deploy web', 's/nothing/else/')).err).toBe('Edit cancelled, no changes made.\n');
  });

  it.each<[string, string, string]>([
    [
      'one that is invalid',
      's/replicas: 2/replicas: -3/',
      '# deployments.apps "web" was not valid:\n# * spec.replicas: Invalid value: -3: must be greater than or equal to 0\n#\n',
    ],
    [
      'one of a wrong type',
      's/replicas: 2/replicas: x/',
      '# deployments.apps "web" was not valid:\n# * patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32\n#\n',
    ],
    [
      'one of what never changes',
      's/app: web/app: q/',
      'spec.selector: Invalid value: {"matchLabels":{"app":"q"}}: field is immutable\n',
    ],
  ])('an edit opens again with what is wrong with it: %s', async (_what, first, shown) => {
    const { code, err, seen } = await edit('deploy web', first, 's/replicas: -3/replicas: 7/');
    expect(seen[1]).toContain(shown);
    if (first.includes('-3')) {
      expect(code).toBe(0);
      expect((await json<Web>('get deploy web')).spec.replicas).toBe(7);
    } else {
      // Saved as it was, it is given up.
      expect(err).toContain('error: Edit cancelled, no valid changes were saved.');
      expect(err).toContain('A copy of your changes has been stored to ');
      expect((await json<Web>('get deploy web')).spec.replicas).toBe(2);
    }
  });

  it('an edit changes what it changes, whatever another one did meanwhile', async () => {
    const meanwhile = `${kubectlPath} scale deploy web --replicas=5 >&2`;
    const { code } = await edit('deploy web', 's/image: nginx/image: caddy/', undefined, meanwhile);
    expect(code).toBe(0);
    const { spec } = await json<Web>('get deploy web');
    expect(spec).toMatchObject({ replicas: 5, template: { spec: { containers: [{ image: 'caddy' }] } } });
    // But for an object that it names by its version.
    const stale = await edit('deploy web', 's/resourceVersion: .*/resourceVersion: "1"/');
    expect(stale.err).toContain(
      'error: deployments.apps "web" could not be patched: Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again\n',
    );
  });

  it('keeps, shows, sets and edits what was applied last', async () => {
    expect(await kubectl.ok('apply view-last-applied deploy web')).toContain(
      '    spec:\n      containers:\n',
    );
    expect(await kubectl.ok('apply set-last-applied -f -', { input: deployment(9) })).toBe(
      'deployment.apps/web configured\n',
    );
    expect(await kubectl.ok('apply view-last-applied deploy web -o json')).toContain('"replicas": 9');
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(2);
    const edited = await edit(
      'deploy/web',
      's/replicas: 9/replicas: 8/',
      undefined,
      '',
      'apply edit-last-applied',
    );
    expect(edited.out).toBe('deployment.apps/web edited\n');
    expect(await kubectl.ok('apply view-last-applied deploy web')).toContain('replicas: 8');
  });

  it('goes from apply on the client to apply on the server and back', async () => {
    const managers = async () =>
      (await json<Managed>('get deploy web --show-managed-fields')).metadata.managedFields.map(
        ({ manager, operation }) => `${manager} ${operation}`,
      );
    expect(await managers()).toEqual(['kubectl-client-side-apply Update']);
    expect(await kubectl.ok('apply --server-side -f -', { input: deployment(2, 'caddy') })).toBe(
      'deployment.apps/web serverside-applied\n',
    );
    expect((await managers()).sort()).toEqual(['kubectl Apply', 'kubectl-last-applied Apply']);
    // What the client applied it may take away on the server.
    const less = deployment(2, 'caddy').replace(', env: [{name: A, value: "1"}]', '');
    await kubectl.ok('apply --server-side -f -', { input: less });
    const { spec } = await json<Web>('get deploy web');
    expect(spec.template.spec.containers[0]).not.toHaveProperty('env');
    expect(await kubectl.ok('apply -f -', { input: deployment(3) })).toBe('deployment.apps/web configured\n');
  });

  it('refuses to replace what is stale or never changes, and makes it anew by force', async () => {
    const stale = deployment(4).replace('{name: web, labels', '{name: web, resourceVersion: "1", labels');
    expect(await kubectl.fails('replace -f -', { input: stale })).toContain(
      'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again\n',
    );
    const other = deployment(4).replaceAll('{app: web}}', '{app: other}}');
    expect(await kubectl.fails('replace -f -', { input: other })).toContain(
      'The Deployment "web" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable\n',
    );
    expect(await kubectl.ok('replace --dry-run=server -f -', { input: deployment(4) })).toBe(
      'deployment.apps/web replaced (server dry run)\n',
    );
    expect(await kubectl.ok('replace --force -f -', { input: other })).toContain(
      'deployment.apps/web replaced\n',
    );
    expect((await json<Web>('get deploy web')).metadata.generation).toBe(1);
  });

  it('replaces and scales', async () => {
    expect(await kubectl.ok('replace -f -', { input: deployment(3) })).toBe('deployment.apps/web replaced\n');
    expect(await kubectl.ok('scale deploy web --replicas=5')).toBe('deployment.apps/web scaled\n');
    expect((await json<Web>('get deploy web')).spec.replicas).toBe(5);
    expect(await kubectl.fails('scale deploy web --current-replicas=1 --replicas=2')).toContain(
      'Expected replicas to be 1, was 5',
    );
    expect(await kubectl.ok('replace --force -f -', { input: deployment(1) })).toContain(
      'deployment.apps/web replaced',
    );
  });

  it('sets environment, image, resources and more', async () => {
    await kubectl.ok('set env deploy/web B=2 A-');
    await kubectl.ok('set image deploy/web web=caddy');
    await kubectl.ok('set resources deploy/web --limits=cpu=100m,memory=1Gi');
    await kubectl.ok('set serviceaccount deploy/web robot');
    expect((await json<Web>('get deploy web')).spec.template.spec).toMatchObject({
      serviceAccountName: 'robot',
      containers: [
        {
          image: 'caddy',
          env: [{ name: 'B', value: '2' }],
          resources: { limits: { cpu: '100m', memory: '1Gi' } },
        },
      ],
    });
    expect(await kubectl.ok('set env deploy/web --list')).toContain('B=2');
  });

  it('restarts, pauses and resumes', async () => {
    await kubectl.ok('rollout restart deploy/web');
    await kubectl.ok('rollout pause deploy/web');
    expect(await kubectl.fails('rollout pause deploy/web')).toContain('is already paused');
    await kubectl.ok('rollout resume deploy/web');
    expect(await kubectl.ok('get deploy web -o yaml')).toContain('kubectl.kubernetes.io/restartedAt');
  });

  it('exposes and autoscales', async () => {
    expect(await kubectl.ok('expose deploy web --port=80 --target-port=8080')).toBe('service/web exposed\n');
    expect(await kubectl.ok(['get', 'svc', 'web', '-o', 'jsonpath={.spec.ports[0].targetPort}'])).toBe(
      '8080',
    );
    await kubectl.ok('autoscale deploy web --min=1 --max=3 --cpu-percent=50');
    expect(await kubectl.ok('get hpa web')).toMatch(/Deployment\/web/);
    expect(await json('get horizontalpodautoscalers.v1.autoscaling web')).toMatchObject({
      spec: { targetCPUUtilizationPercentage: 50 },
    });
    expect(await json('get horizontalpodautoscalers.v2.autoscaling web')).toMatchObject({
      spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 50 } } }] },
    });
    await kubectl.ok('delete svc,hpa web');
  });

  it('deletes and leaves dependents', async () => {
    await kubectl.ok('delete deploy web --cascade=orphan --wait=false');
    const left = await json<{ metadata: { finalizers: string[] } }>('get deploy web');
    // Without a garbage collector nobody takes the finalizer off.
    expect(left.metadata.finalizers).toEqual(['orphan']);
    await kubectl.ok(['patch', 'deploy', 'web', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    expect(await kubectl.ok('get deploy')).toBe('');
  });
});
