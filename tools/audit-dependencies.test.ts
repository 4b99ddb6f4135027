import { expect, it } from 'vitest';
import { deprecatedIn, judge } from './audit-dependencies.js';

const finding = (severity: string) => ({
  name: 'left-pad',
  severity,
  range: '<1.0.0',
  nodes: ['node_modules/left-pad'],
  via: [{ title: 'Pads on the wrong side', url: 'https://example.test/1' }, 'right-pad'],
});

it('names what was found, and fails for what is grave', () => {
  const found = judge({ vulnerabilities: { 'left-pad': finding('high') } });
  expect(found?.fails).toBe(true);
  expect(found?.lines).toEqual([
    'high: left-pad <1.0.0: Pads on the wrong side (https://example.test/1); through right-pad: at node_modules/left-pad',
  ]);
  expect(judge({ vulnerabilities: { 'left-pad': finding('moderate') } })?.fails).toBe(false);
  expect(judge({ vulnerabilities: {} })).toEqual({ lines: [], fails: false });
});

it('knows nothing where the registry did not answer', () => {
  expect(judge({ error: { code: 'ENOTFOUND' } })).toBeUndefined();
  expect(judge({ message: 'audit endpoint returned an error' })).toBeUndefined();
});

it('names what is deprecated of what users install, without a registry', () => {
  const packages = {
    '': { version: '1.0.0' },
    'packages/cli': { version: '1.0.0', deprecated: 'is ours' },
    'node_modules/left-pad': { version: '1.3.0', deprecated: 'use String.prototype.padStart()' },
    'node_modules/right-pad': { version: '1.0.1' },
    'node_modules/only-tests': { version: '1.0.0', deprecated: 'is old', dev: true },
  };
  expect(deprecatedIn({ packages })).toEqual({
    packages: 2,
    named: ['deprecated: node_modules/left-pad 1.3.0: use String.prototype.padStart()'],
  });
});
