/**
 * Replays the files of `transcripts/`: requests, answers and watch events in the order in which they happen.
 *
 *     # a comment
 *     > GET /path              sends a request; a body may follow as JSON
 *     < 200 {"kind":"…"}       what the answer has, at least
 *     = name metadata.x        keeps a field of the answer, for `$name` in what follows
 *     ~ WATCH /path            opens a watch, the one that the events below are of
 *     ~ ADDED {"metadata":…}   the next event and what its object has, at least
 *     ~ END                    the watch is over
 *     ! COMPACT                forgets all but the newest state
 */
import { readdirSync, readFileSync } from 'node:fs';
import { MemoryStorage } from '@kubewright/apiserver';
import { describe, expect, it } from 'vitest';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';
import { WatchStream } from './watch-stream.js';

const directory = new URL('./transcripts/', import.meta.url);

describe.each(readdirSync(directory))('%s', (file) => {
  it('happens as it is written', async () => {
    const storage = new MemoryStorage();
    const now = () => Date.parse('2026-01-01T00:00:00Z');
    const server = await startTlsServer({ storage, bookmarkIntervalMs: 20, now });
    const replay = new Replay(server, storage);
    try {
      for (const [index, line] of readFileSync(new URL(file, directory), 'utf8').split('\n').entries())
        await replay.line(line, `${file}:${index + 1}`);
    } finally {
      replay.close();
      await server.close();
    }
  });
});

class Replay {
  readonly #server: TlsServer;
  readonly #storage: MemoryStorage;
  readonly #kept = new Map<string, string>();
  #answer: RawAnswer | undefined;
  #watch: WatchStream | undefined;

  constructor(server: TlsServer, storage: MemoryStorage) {
    this.#server = server;
    this.#storage = storage;
  }

  async line(text: string, where: string): Promise<void> {
    const line = text.replace(/\$(\w+)/g, (_, name: string) => this.#kept.get(name) ?? `$${name}`);
    const [, sign, first = '', rest = ''] = /^([><=~!]) (\S+) ?(.*)$/.exec(line) ?? [];
    if (sign === '>') await this.#send(first, rest);
    else if (sign === '<') this.#check(first, rest, where);
    else if (sign === '=') this.#keep(first, rest);
    else if (sign === '~') await this.#event(first, rest, where);
    else if (sign === '!') await this.#storage.compact(await this.#storage.revision());
    else if (line !== '' && !line.startsWith('#')) throw new Error(`${where}: ${line}`);
  }

  close(): void {
    this.#watch?.close();
  }

  async #send(method: string, rest: string): Promise<void> {
    const [, path = '', accept, body] = /^(\S+)(?: as=(\S+))?(?: (\{.*))?$/.exec(rest) ?? [];
    const headers = {
      ...(accept === undefined ? {} : { accept: `application/json;as=${accept};v=v1;g=meta.k8s.io` }),
      ...(body === undefined ? {} : { 'content-type': contentTypes[method] ?? 'application/json' }),
    };
    this.#answer = await this.#server.send({ method, path, headers, body: body ?? '' });
  }

  #check(code: string, json: string, where: string): void {
    const { code: given, text } = this.#answer ?? { code: 0, text: '' };
    expect(`${where} ${given} ${given === Number(code) ? '' : text}`).toBe(`${where} ${code} `);
    if (json.startsWith('{')) expect(JSON.parse(text), where).toMatchObject(JSON.parse(json));
    else if (json !== '') expect(text, where).toBe(JSON.parse(json));
  }

  #keep(name: string, path: string): void {
    let value: unknown = this.#answer?.json();
    for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
    this.#kept.set(name, String(value));
  }

  async #event(type: string, rest: string, where: string): Promise<void> {
    if (type === 'WATCH') {
      this.#watch?.close();
      const [, path = '', accept] = /^(\S+)(?: as=(\S+))?$/.exec(rest) ?? [];
      this.#watch = await WatchStream.open(
        this.#server,
        path,
        accept === undefined ? undefined : `application/json;as=${accept};v=v1;g=meta.k8s.io`,
      );
      return;
    }
    if (type === 'END') {
      expect(await this.#watch?.isOver(), where).toBe(true);
      return;
    }
    const event = await this.#watch?.next();
    expect(`${where} ${event?.type}`).toBe(`${where} ${type}`);
    if (rest !== '') expect(event?.object, where).toMatchObject(JSON.parse(rest));
  }
}

const contentTypes: Readonly<Record<string, string>> = { PATCH: 'application/merge-patch+json' };
