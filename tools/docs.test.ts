import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stages } from '@kubewright/apiserver';
import { describe, expect, it } from 'vitest';
import { layers } from './import-rules.js';
import { root } from './source-files.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the documentation', () => {
  it('shows the stages of a request as they run', () => {
    const shown = section(read('docs/architecture.md'), '## The request').matchAll(/^\d+\. \*\*(.+?)\*\*/gm);
    expect([...shown].map(([, name]) => name)).toEqual(stages.map(({ name }) => name));
  });

  it('names every package', () => {
    const text = read('docs/architecture.md');
    for (const name of Object.keys(layers)) expect(text).toContain(`packages/${name}`);
  });

  it('shows the examples as they are, which are tested', () => {
    const shown = read('README.md').matchAll(/^<!-- (\S+) -->\n```ts\n([\s\S]*?)```/gm);
    const snippets = [...shown];
    expect(snippets.length).toBeGreaterThan(0);
    for (const [, path = '', code] of snippets) expect(code).toBe(read(path));
  });

  it('shows the snippets of guides as they are, which are tested', () => {
    const guides = readdirSync(join(root, 'docs/guides'));
    expect(guides.length).toBeGreaterThan(0);
    for (const guide of guides) {
      const shown = [...read(`docs/guides/${guide}`).matchAll(/^<!-- (\S+) -->\n```ts\n([\s\S]*?)```/gm)];
      const blocks = [...read(`docs/guides/${guide}`).matchAll(/^```ts$/gm)];
      expect(shown.length, `${guide} shows code from nowhere`).toBe(blocks.length);
      for (const [, path = '', code] of shown) expect(code).toBe(read(path));
    }
  });

  it('names only scripts that there are', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    for (const file of ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/performance.md'])
      for (const [, name = ''] of read(file).matchAll(/\bnpm run (?:--silent )?([a-z-]+)/g))
        expect(scripts, `${file} names npm run ${name}`).toContain(name);
  });
});

function section(text: string, heading: string): string {
  const start = text.indexOf(heading);
  if (start < 0) throw new Error(`there is no ${heading}`);
  const end = text.indexOf('\n## ', start + 1);
  return text.slice(start, end < 0 ? undefined : end);
}
