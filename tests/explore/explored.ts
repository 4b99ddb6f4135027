import { isNotFound } from '@kubewright/api';
import { Pod } from '@kubewright/api/core/v1';
import type { Client } from '@kubewright/client';
import { builtinControllers, type ControllersOptions, type Manager } from '@kubewright/controllers';
import { type ExploreOptions, explore, type Scenario } from '@kubewright/testing';
import { expect } from 'vitest';

/** The time of `npm test` is dear; `npm run soak` looks at every write and at many mixed plans. */
export const isSoak = process.env.SOAK !== undefined;
const budget: ExploreOptions = isSoak
  ? { randomRuns: 300 }
  : { singleRuns: 14, randomRuns: 3, restMs: 30_000 };

/** For each test of a file, in milliseconds. */
export const testTimeout = isSoak ? 900_000 : 120_000;

/** Adds built-in controllers by name. */
export function built(
  names: readonly string[],
  options: Partial<ControllersOptions> = {},
): (manager: Manager) => void {
  return (manager) => {
    for (const name of names) {
      const found = builtinControllers.find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no ${name}`);
      found.add(manager, { signal: new AbortController().signal, ...options });
    }
  };
}

export async function explored(
  add: (manager: Manager) => void,
  scenario: Scenario,
  options: ExploreOptions = {},
): Promise<void> {
  const { writes, runs } = await explore(add, scenario, { ...budget, ...options });
  expect(writes).toBeGreaterThan(0);
  expect(runs).toBeGreaterThan(10);
}

export function equals(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}

/** The same, where there may be none. */
export async function ifThere<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export const pods = (client: Client) => client.resource(Pod).namespace('default');

/** Pods run as soon as they are there, or end at once. Deleted ones go at once. */
export function runsPods(phase: 'Running' | 'Succeeded' = 'Running'): (manager: Manager) => void {
  return (manager) => {
    manager.controller(Pod, { name: 'kubelet' }).reconcile(async ({ name, namespace }, { client }) => {
      const all = client.resource(Pod).namespace(namespace);
      const pod = await ifThere(all.get(name));
      if (pod === undefined) return undefined;
      if (pod.metadata.deletionTimestamp !== undefined)
        await ifThere(all.delete(name, { gracePeriodSeconds: 0 }));
      else if (pod.status?.phase !== phase)
        await all.status.patchMerge(name, {
          status: { phase, podIP: '10.1.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
        });
      return undefined;
    });
  };
}
