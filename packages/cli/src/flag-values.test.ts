import { Command } from 'commander';
import { expect, it } from 'vitest';
import { flagValues } from './flag-values.js';

it('shows every option under its name, with what holds for it', () => {
  const command = new Command()
    .option('-v, --verbose', 'more', (_, before: number) => before + 1, 0)
    .option('--no-node', 'none')
    .option('--data-dir <dir>', 'where', '.kubewright')
    .option('--audit-policy-file <file>', 'which')
    .option('--names <names>', 'many', (text) => text.split(','))
    .option('--origins <expressions>', 'many', (text) => [new RegExp(text)])
    .option('--storage <engine>', 'which', (engine) => ({ engine }));
  command.parse(['-v', '--no-node', '--names', 'a,b', '--origins', '^x$', '--storage', 'memory'], {
    from: 'user',
  });
  expect(flagValues(command)).toEqual({
    verbose: '1',
    node: 'false',
    'data-dir': '.kubewright',
    'audit-policy-file': '',
    names: '[a,b]',
    origins: '[^x$]',
    storage: '{"engine":"memory"}',
  });
});
