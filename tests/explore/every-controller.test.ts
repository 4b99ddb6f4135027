import { readdir, readFile } from 'node:fs/promises';
import { builtinControllers } from '@kubewright/controllers';
import { expect, it } from 'vitest';

it('every built-in controller, and the scheduler, is explored', async () => {
  const here = import.meta.dirname;
  const files = (await readdir(here)).filter((file) => file.endsWith('.test.ts'));
  const texts = await Promise.all(files.map((file) => readFile(`${here}/${file}`, 'utf8')));
  const explored = new Set(
    texts
      .flatMap((text) => [...text.matchAll(/built\(\s*\[([^\]]*)\]/g)])
      .flatMap(([, names = '']) => [...names.matchAll(/'([^']+)'/g)].map(([, name]) => name)),
  );
  expect(builtinControllers.map(({ name }) => name).filter((name) => !explored.has(name))).toEqual([]);
  expect(texts.some((text) => text.includes('addScheduler(manager)'))).toBe(true);
});
