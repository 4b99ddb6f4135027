import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VirtualClock } from '../virtual-clock.js';
import { identityFromFiles } from './identity.js';

/** Self-signed pairs for a hundred years, of nothing but this test. */
const before = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBbjCCARWgAwIBAgIUK92egaaZYpwpRfiGR8Kwl7Ot5ekwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAgFw0yNjExMjAxMzA1MjRaGA8yMTI2MTAyNzEzMDUyNFow
DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOsTpRw+WrmE
qecaYIWhtyvY93kxSrX9Lx5GEO4mMyK3FphJbuULDgVdK8f6DdMpGBxY1d1//UjO
9RRGOGs67+6jUzBRMB0GA1UdDgQWBBSGpIv6dWHkzJEcYEIwW5DftCUxqDAfBgNV
HSMEGDAWgBSGpIv6dWHkzJEcYEIwW5DftCUxqDAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0cAMEQCIHSapsB5ouEBig5I6BE4gy6KtTaR8gWGR5AYWebaw5S9
AiAyLAcw4v9zKcrwvdFzIV731ZbImDuuH3fVJ0BcXNeIcg==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg32KKxy7bA3hRyWd6
Q5kVwoH7oQE7b7dkZCtWPTupBl6hRANCAATrE6UcPlq5hKnnGmCFobcr2Pd5MUq1
/S8eRhDuJjMitxaYSW7lCw4FXSvH+g3TKRgcWNXdf/1IzvUURjhrOu/u
-----END PRIVATE KEY-----
`,
};
const after = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUYtr1Ji4t0SzF9kowZniTIZAZMGQwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYjAgFw0yNjExMjAxMzA1MjRaGA8yMTI2MTAyNzEzMDUyNFow
DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJv5+087R6w2
myxZpbgXgHsE22n9rlrQbejtA+dpoJBP6+yvZlr3nLPuzGJTGlHEwZNee89pdnRC
epmrvtfngc2jUzBRMB0GA1UdDgQWBBS1Yxh+FgSpjuglJMyTO9DdosYXYTAfBgNV
HSMEGDAWgBS1Yxh+FgSpjuglJMyTO9DdosYXYTAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQDs6CLzRtPKgV4vDReFZ927T88FyUPXzp53hBMOI7nQ
sAIgT90KcafvxUWFPRWA4gZijaInqF5EyDBYEp5Tea1QS+U=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvMw9OBF6HMzq1dwQ
ms60biPUwlZBroU+8EAlCeafDDqhRANCAASb+ftPO0esNpssWaW4F4B7BNtp/a5a
0G3o7QPnaaCQT+vsr2Za95yz7sxiUxpRxMGTXnvPaXZ0QnqZq77X54HN
-----END PRIVATE KEY-----
`,
};

it('a certificate and its key are read again, and a half-written pair is not taken', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'identity-'));
  const [certificate, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const clock = new VirtualClock();
  const identity = identityFromFiles(certificate, key, clock);
  try {
    await expect(identity()).rejects.toThrow('ENOENT');
    await writeFile(certificate, before.certificate);
    await writeFile(key, before.key);
    expect(await identity()).toEqual(before);
    await writeFile(certificate, after.certificate);
    expect(await identity()).toEqual(before);
    await clock.advance(10_000);
    expect(await identity()).toEqual(before);
    await writeFile(key, after.key);
    await clock.advance(10_000);
    expect(await identity()).toEqual(after);
  } finally {
    await rm(directory, { recursive: true });
  }
});
