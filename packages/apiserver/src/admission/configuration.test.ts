import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebhookTarget } from '../webhooks/webhook-client.js';
import { readAdmissionConfiguration } from './configuration.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubewright-admission-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function read(text: string) {
  const file = join(directory, 'admission.yaml');
  await writeFile(file, text);
  return readAdmissionConfiguration(file);
}

const file = (configuration: string) => `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  ${configuration}
`;

describe('an AdmissionConfiguration', () => {
  it('says what PodSecurity asks for', async () => {
    const { podSecurity } = await read(
      file(`configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: { enforce: baseline, enforce-version: v1.30, warn: restricted }
    exemptions: { usernames: [trusted], namespaces: [kube-system] }`),
    );
    expect(podSecurity).toEqual({
      defaults: {
        enforce: { level: 'baseline', minor: 30 },
        audit: { level: 'privileged', minor: Number.POSITIVE_INFINITY },
        warn: { level: 'restricted', minor: Number.POSITIVE_INFINITY },
      },
      exemptions: { usernames: ['trusted'], namespaces: ['kube-system'], runtimeClasses: [] },
    });
  });

  it('may have its plugins in files beside it', async () => {
    const text =
      'apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {audit: baseline}';
    await writeFile(join(directory, 'pods.yaml'), text);
    expect((await read(file('path: pods.yaml'))).podSecurity?.defaults.audit.level).toBe('baseline');
  });

  it('says as whom webhooks are asked', async () => {
    const users = [
      { name: 'hook.default.svc', user: { token: 't' } },
      { name: '*', user: { username: 'u', password: 'p' } },
    ];
    await writeFile(
      join(directory, 'hooks.json'),
      JSON.stringify({ kind: 'Config', apiVersion: 'v1', users }),
    );
    const { mutatingWebhookUsers, validatingWebhookUsers } = await read(`
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: MutatingAdmissionWebhook
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: hooks.json
`);
    expect(validatingWebhookUsers).toBeUndefined();
    const shown = (target: WebhookTarget) => mutatingWebhookUsers?.credentialsFor(target)?.headers;
    expect(shown({ service: { name: 'hook', namespace: 'default' } })).toEqual({ authorization: 'Bearer t' });
    expect(shown({ url: 'https://other.test/' })).toEqual({ authorization: 'Basic dTpw' });
    await expect(
      read(file('name: ValidatingAdmissionWebhook').replace('- name: PodSecurity', '-')),
    ).rejects.toThrow('takes a WebhookAdmissionConfiguration');
  });

  it('is refused with all that is wrong', async () => {
    const wrong = file(`configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: { enforce: strict, warn-version: "1.30" }
    exemptions: { usernames: [""], namespaces: [A, b, b] }`);
    const error = await read(wrong).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(
      /defaults\.enforce: .*defaults\.warn-version: .*usernames\[0\]: .*namespaces\[0\]: .*namespaces\[2\]/s,
    );
    await expect(read('kind: Pod\napiVersion: v1')).rejects.toThrow('is no AdmissionConfiguration');
    await expect(read(file('name: Other'))).rejects.toThrow();
  });
});
