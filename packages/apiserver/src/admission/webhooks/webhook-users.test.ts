import { describe, expect, it } from 'vitest';
import { WebhookUsers } from './webhook-users.js';

const names = [
  'hook.default.svc',
  'hook.default.svc:8443',
  '*.example.org',
  '*.svc',
  'a.example.org:444',
  '*',
];
const users = new WebhookUsers(new Map(names.map((name) => [name, { headers: { name } }])));

describe('the user for a webhook', () => {
  it.each([
    [{ service: { name: 'hook', namespace: 'default' } }, 'hook.default.svc'],
    [{ service: { name: 'hook', namespace: 'default', port: 8443 } }, 'hook.default.svc:8443'],
    [{ service: { name: 'other', namespace: 'default' } }, '*.svc'],
    [{ service: { name: 'other', namespace: 'default', port: 444 } }, '*'],
    [{ url: 'https://a.example.org/x' }, '*.example.org'],
    [{ url: 'https://a.example.org:444/x' }, 'a.example.org:444'],
    [{ url: 'https://elsewhere.test/' }, '*'],
  ])('%j is found by whom it is shown to', (target, name) => {
    expect(users.credentialsFor(target)?.headers?.name).toBe(name);
  });

  it('is nobody where none is meant', () => {
    expect(new WebhookUsers(new Map()).credentialsFor({ url: 'https://a.test/' })).toBeUndefined();
  });
});
