import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Comparison, compare } from './compare.js';

/** What `custom-resources.child.ts` measures, in a process that did nothing else. */
interface Measured {
  readonly installSeconds: number;
  readonly startSeconds: number;
  readonly bytesEach: number;
  readonly bytesUsedEach: number;
  readonly definitionBytes: number;
  readonly large: { readonly bytes: number; readonly jsonBytes: number };
  readonly customPerSecond: readonly number[];
  readonly configMapsPerSecond: readonly number[];
}

let measured: Promise<Measured> | undefined;

function measure(): Promise<Measured> {
  measured ??= (async () => {
    const child = fork(fileURLToPath(new URL('./custom-resources.child.ts', import.meta.url)), [], {
      execArgv: [...process.execArgv, '--expose-gc'],
    });
    const exited = once(child, 'exit');
    const answer = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
    await exited;
    if (answer === undefined) throw new Error('the process that measures custom resources has failed');
    return answer[0] as Measured;
  })();
  return measured;
}

/** 1,000 CustomResourceDefinitions, one after the other until each is established. */
export async function benchDefinitions(): Promise<Comparison> {
  const { installSeconds, startSeconds } = await measure();
  const result = await compare(
    '1,000 CustomResourceDefinitions of 20 KB installed and established',
    async () => installSeconds * 1000,
    60_000,
    { unit: 'ms', limit: 'at most 1', rounds: 1 },
  );
  return { ...result, notes: [`a server that has them starts in ${startSeconds.toFixed(2)} s`] };
}

/** What a definition takes in memory, unused. */
export async function benchDefinitionMemory(): Promise<Comparison> {
  const { bytesEach, bytesUsedEach, definitionBytes } = await measure();
  const result = await compare(
    `memory of a CustomResourceDefinition of ${definitionBytes} bytes, of 1,000, against 300 KB`,
    async () => bytesEach,
    300_000,
    { unit: 'bytes', limit: 'at most 1', rounds: 1 },
  );
  return {
    ...result,
    notes: [`${Math.round(bytesUsedEach)} bytes with an object that was created and read`],
  };
}

/** What a large definition takes in memory, used. */
export async function benchLargeDefinitionMemory(): Promise<Comparison> {
  const { bytes, jsonBytes } = (await measure()).large;
  return compare(
    `memory of a used CustomResourceDefinition of ${Math.round(jsonBytes / 1000)} KB, against its JSON`,
    async () => bytes,
    jsonBytes,
    { unit: 'bytes', limit: 'at most 3', rounds: 1 },
  );
}

/** Creates of a custom resource beside those of a ConfigMap of the same size, in process and in memory. */
export async function benchCustomCreate(): Promise<Comparison> {
  const { customPerSecond, configMapsPerSecond } = await measure();
  let [ours, theirs] = [0, 0];
  return compare(
    'create of a custom resource against a ConfigMap of the same size',
    async () => customPerSecond[ours++ % customPerSecond.length] ?? 0,
    async () => configMapsPerSecond[theirs++ % configMapsPerSecond.length] ?? 0,
    { unit: 'creates/s of processor time', limit: 'at least 0.7', rounds: customPerSecond.length },
  );
}
