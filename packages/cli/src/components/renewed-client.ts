import { Client, type ClientIdentity, loadConnection } from '@kubewright/client';

/** For how long a kubeconfig is taken without another look at it. */
const freshMs = 10_000;

/**
 * A client by a kubeconfig that is written anew now and then, with a certificate or with authorities in it that are
 * others: it goes by what the file says now.
 */
export async function renewedClient(path: string, userAgent: string): Promise<Client> {
  const connection = await loadConnection({ path });
  let known: ClientIdentity | undefined;
  let lookAgainAt = 0;
  const identity = async () => {
    if (performance.now() < lookAgainAt) return known;
    const { clientCertificate: certificate, clientKey: key, ca } = await loadConnection({ path });
    if (certificate !== undefined && key !== undefined) known = { certificate, key, ca };
    lookAgainAt = performance.now() + freshMs;
    return known;
  };
  return Client.fromConnection({ ...connection, identity }, { userAgent });
}
