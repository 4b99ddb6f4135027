import { spawn } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BoundedQueue } from './bounded-queue.js';
import { copyFromContainer, copyToContainer, type Execute } from './copy.js';
import type { ExecOptions, OutputChunk, RemoteProcess } from './exec.js';

let directory = '';
const seen: ExecOptions[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'copy-'));
  seen.length = 0;
  await mkdir(join(directory, 'here/tree/deep'), { recursive: true });
  await mkdir(join(directory, 'there'));
  await writeFile(join(directory, 'here/tree/deep/large'), Buffer.alloc(300_000, 'x'));
  await writeFile(join(directory, 'here/tree/run'), '#!/bin/sh\n');
  await chmod(join(directory, 'here/tree/run'), 0o755);
  await symlink('run', join(directory, 'here/tree/link'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Runs the command on this machine, as a container would. */
const execute: Execute = async (options) => {
  seen.push(options);
  const [command = '', ...args] = options.command;
  const child = spawn(command, args);
  const output = new BoundedQueue<OutputChunk>(64);
  child.stdout.on('data', (data: Buffer) => output.push({ stream: 'stdout', data }));
  child.stderr.on('data', (data: Buffer) => output.push({ stream: 'stderr', data }));
  child.stdin.on('error', () => undefined);
  const exit = new Promise<{ code: number; message: string }>((resolve) =>
    child.once('close', (code) => {
      output.end();
      resolve({ code: code ?? 1, message: '' });
    }),
  );
  return processOf(output, exit, {
    write: (data) =>
      new Promise((resolve, reject) => {
        child.stdin.write(data, (error) => (error ? reject(error) : resolve()));
      }),
    end: async () => {
      child.stdin.end();
    },
    close: () => child.kill(),
  });
};

function processOf(
  output: AsyncIterable<OutputChunk>,
  exit: RemoteProcess['exit'],
  rest: Pick<RemoteProcess, 'write' | 'end' | 'close'>,
): RemoteProcess {
  return {
    ...rest,
    output,
    exit,
    canEnd: true,
    resize: async () => undefined,
    async result() {
      const texts = { stdout: '', stderr: '' };
      for await (const { stream, data } of output) texts[stream] += Buffer.from(data).toString();
      return { ...texts, ...(await exit) };
    },
  };
}

describe('copying', () => {
  it('brings a directory there and back, with modes; links stay out on the way back', async () => {
    await copyToContainer(execute, join(directory, 'here/tree'), join(directory, 'there/copy'), {
      container: 'c',
    });
    expect(seen[0]).toMatchObject({ container: 'c', stdin: true });
    expect((await lstat(join(directory, 'there/copy/link'))).isSymbolicLink()).toBe(true);
    const back = join(directory, 'back');
    const skipped = await copyFromContainer(execute, join(directory, 'there/copy'), back, {});
    expect(skipped).toEqual(['copy/link']);
    expect((await readdir(back, { recursive: true })).sort()).toEqual(['deep', 'deep/large', 'run']);
    expect((await readFile(join(back, 'deep/large'))).length).toBe(300_000);
    expect((await stat(join(back, 'run'))).mode & 0o777).toBe(0o755);
  });

  it('brings a single file under another name', async () => {
    await copyToContainer(execute, join(directory, 'here/tree/run'), join(directory, 'there/other'), {});
    await copyFromContainer(execute, join(directory, 'there/other'), join(directory, 'file'), {});
    expect(await readFile(join(directory, 'file'), 'utf8')).toBe('#!/bin/sh\n');
  });

  it('says what tar said', async () => {
    const none = join(directory, 'none/deeper');
    await expect(copyToContainer(execute, join(directory, 'here'), none, {})).rejects.toThrow(
      /tar in the container failed with exit code 2: .*none: Cannot open/,
    );
    await expect(copyFromContainer(execute, none, join(directory, 'x'), {})).rejects.toThrow(
      /tar in the container failed with exit code 2/,
    );
    await expect(copyToContainer(execute, none, '/x', {})).rejects.toThrow('ENOENT');
  });

  it('writes nothing outside of its target, whatever the container sends', async () => {
    const evil: Execute = async () => {
      const archive = pack();
      archive.entry({ name: 'd/../../escaped' }, 'x');
      archive.entry({ name: '/escaped' }, 'x');
      archive.entry({ name: 'd/link', type: 'symlink', linkname: directory });
      archive.entry({ name: 'd/good' }, 'x');
      archive.finalize();
      const chunks = async function* (): AsyncGenerator<OutputChunk> {
        for await (const data of archive) yield { stream: 'stdout', data: data as Uint8Array };
      };
      return processOf(chunks(), Promise.resolve({ code: 0, message: '' }), {
        write: async () => undefined,
        end: async () => undefined,
        close: () => undefined,
      });
    };
    const skipped = await copyFromContainer(evil, '/d', join(directory, 'safe'), {});
    expect(skipped).toEqual(['d/../../escaped', '/escaped', 'd/link']);
    expect(await readdir(join(directory, 'safe'))).toEqual(['good']);
    expect(await readdir(directory)).not.toContain('escaped');
  });
});
