import { join } from 'node:path';
import { root } from '../../tools/source-files.js';
import { kubeApiserverPath } from './kube-apiserver/kube-apiserver.js';

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** A client of another language and how its program here is made and run. */
export interface InteropClient {
  readonly name: string;
  /** What must be on the machine: each is run, and what fails or is not there skips the client. */
  readonly needs: readonly Command[];
  /** Run in the client's folder, in turn, before the program. */
  readonly build: readonly Command[];
  readonly run: Command;
  /** Where its program is. @default the folder of its name */
  readonly folder?: string;
  /** Added to the environment of `build` and `run`. */
  readonly environment?: Readonly<Record<string, string>>;
}

const cache = join(root, 'node_modules/.cache/interop');

/** Where a client's build goes: outside the sources. */
function built(...path: string[]): string {
  return join(cache, ...path);
}

// One job at a time: these builds are large.
const goBuild = (name: string): InteropClient => ({
  name,
  // Fails with an older Go than the module needs.
  needs: [['go', 'list', '-m']],
  build: [['go', 'build', '-p', '1', '-o', built(name), '.']],
  run: [built(name)],
  environment: { GOFLAGS: '-mod=readonly -buildvcs=false' },
});

export const clients: readonly InteropClient[] = [
  {
    // One etcd under both, in turn.
    name: 'kube-apiserver',
    needs: [
      [kubeApiserverPath, '--version'],
      ['etcd', '--version'],
    ],
    build: [],
    run: ['npx', 'tsx', '--conditions=source', 'main.ts'],
  },
  {
    // A server of the framework behind one.
    name: 'aggregation',
    needs: [
      [kubeApiserverPath, '--version'],
      ['etcd', '--version'],
    ],
    build: [],
    run: ['npx', 'vitest', 'run', '--root', root, '--reporter=tap-flat', 'tests/interop/kube-apiserver'],
    environment: { KUBE_APISERVER: kubeApiserverPath },
    folder: 'kube-apiserver',
  },
  goBuild('client-go'),
  goBuild('controller-runtime'),
  {
    name: 'python',
    needs: [['python3', '-m', 'venv', '--help']],
    build: [
      ['python3', '-m', 'venv', built('python')],
      [built('python/bin/pip'), 'install', '--quiet', '--requirement', 'requirements.txt'],
    ],
    run: [built('python/bin/python'), '-B', '-u', 'main.py'],
  },
  {
    name: 'kube-rs',
    needs: [['cargo', '--version']],
    build: [['cargo', 'build', '--quiet', '--jobs', '1']],
    run: [built('kube-rs/debug/interop-kube-rs')],
    environment: { CARGO_TARGET_DIR: built('kube-rs') },
  },
  {
    name: 'fabric8',
    needs: [
      ['mvn', '--version'],
      ['javac', '--version'],
    ],
    build: [['mvn', '--quiet', '--batch-mode', `-Dinterop.target=${built('fabric8')}`, 'compile']],
    run: ['java', '-cp', `${built('fabric8/classes')}:${built('fabric8/libraries')}/*`, 'interop.Main'],
  },
];
