import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importFaults, isTestCode } from './import-rules.js';
import { importsOf, sourceFiles } from './source-files.js';

const files = sourceFiles();

/** Files that may be longer than 500 lines, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
  'packages/runtime/src/container/conformance.ts': 'the cases of one suite, which share its fixtures',
  'tests/apiserver/bad-input.test.ts': 'one table of bad requests and what each is answered',
};

/** What nothing imports because it is started by its path. */
const entries = new Set([
  'packages/cli/src/main.ts',
  'packages/apiserver/src/storage/etcd.ts',
  'packages/cli/src/node-parts.child.ts',
  'packages/api/src/protocol.ts',
  'packages/client/src/browser.ts',
  'packages/client/src/spdy/index.ts',
  'packages/client/src/browser/needs-node.ts',
  'packages/client/src/generate/index.ts',
  'vitest.config.ts',
]);

/** What must not be in the code, and what to write instead. This file and the rules' own are exempt. */
const banned: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/@ts-ignore|@ts-nocheck/, 'code that type-checks'],
  [/\bconsole\.log\(/, 'the logger'],
  [/\b(?:describe|it|test)\.only\(/, 'all tests'],
  [/\bdebugger;/, 'nothing'],
  [/\b(?:TODO|FIXME|XXX|HACK)\b/, 'the code itself, or an issue'],
  [/\bcatch\s*(?:\(\w+\))?\s*\{\s*\}/, 'a catch that says why nothing is to be done'],
];

describe('the sources', () => {
  it('import in one direction, by package name across packages', () => {
    expect(importFaults(files)).toEqual([]);
  });

  it('of built-in controllers and the scheduler take only what is public from the framework', () => {
    const index = files.find(({ path }) => path === 'packages/controllers/src/index.ts')?.text ?? '';
    const isPublic = (name: string) => new RegExp(`\\b${name}\\b`).test(index);
    const hidden = files
      .filter(({ path }) => /^packages\/controllers\/src\/(?!framework\/|index\.ts)/.test(path))
      .filter(({ path }) => !isTestCode(path))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/import (?:type )?\{([^}]*)\} from '\.\.?\/framework\//g)].flatMap(
          ([, names = '']) =>
            names
              .split(',')
              .map((name) => name.replace(/\btype\b/, '').trim())
              .filter((name) => name !== '' && !isPublic(name))
              .map((name) => `${path}: ${name}`),
        ),
      );
    expect(hidden).toEqual([]);
  });

  it('have no file that nothing uses', () => {
    expect(deadFiles()).toEqual([]);
  });

  it('have no banned token', () => {
    const found = files
      .filter(({ path }) => path !== 'tools/tidy.test.ts' && !/^(?:tools|bench|examples)\//.test(path))
      .flatMap(({ path, text }) =>
        banned.flatMap(([pattern, instead]) => {
          // Programs in the strings of tests print.
          if (isTestCode(path) && pattern.source.includes('console')) return [];
          const [token] = pattern.exec(text) ?? [];
          return token === undefined ? [] : [`${path}: ${token}: write ${instead}`];
        }),
      );
    expect(found).toEqual([]);
  });

  it('have no file over 500 lines but those with a reason', () => {
    const long = files
      .filter(({ path, text }) => !(path in longFiles) && text.split('\n').length > 501)
      .map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it('have names in kebab-case that say what is in them', () => {
    const named = files.map(({ path }) => path).filter((path) => !/(?:^|\/)[a-z0-9.-]+\.ts$/.test(path));
    const vague = files
      .map(({ path }) => path)
      .filter((path) => /(?:^|\/)(?:utils?|common|helpers?|misc)(?:\/|\.ts)/.test(path));
    expect([...named, ...vague]).toEqual([]);
  });
});

/** Files of packages that no other file reaches from an index, an entry or, for test code, a test. */
function deadFiles(): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const visit = (path: string) => {
    const file = byPath.get(path);
    if (file === undefined || reached.has(path)) return;
    reached.add(path);
    for (const specifier of importsOf(file.text))
      if (specifier.startsWith('.')) visit(normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts'));
  };
  for (const { path } of files)
    if (/^packages\/[^/]+\/src\/index\.ts$|^tools\//.test(path) || entries.has(path)) visit(path);
  const live = (path: string) => reached.has(path) || isTestCode(path) || !path.startsWith('packages/');
  return files.map(({ path }) => path).filter((path) => !live(path) && !path.includes('/src/generated/'));
}
