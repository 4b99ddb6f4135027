import { isAlreadyExists, isNotFound } from '@kubewright/api';
import { ServiceAccount } from '@kubewright/api/core/v1';
import { Client, type ConnectionOptions, httpsTransport } from '@kubewright/client';

const namespace = 'kube-system';
const lifetimeSeconds = 3600;
/** A token is renewed after so much of its life. */
const renewedAfter = 0.8;

/** Clients that each act as a service account of `kube-system`. */
export interface AccountClients {
  readonly clients: ReadonlyMap<string, Client>;
  close(): Promise<void>;
}

/**
 * Opens clients with tokens that `client` asks for, which are renewed in time; accounts that are not there are made.
 * Source: kube-controller-manager's `--use-service-account-credentials`.
 */
export async function openAccountClients(
  client: Client,
  connection: ConnectionOptions,
  accounts: Iterable<string>,
): Promise<AccountClients> {
  const { clientCertificate: _c, clientKey: _k, identity: _i, basic: _b, ...anonymous } = connection;
  const clients = new Map<string, Client>();
  for (const account of new Set(accounts)) {
    const tokens = new AccountToken(client, account);
    const transport = await httpsTransport({
      ...anonymous,
      token: () => tokens.current(),
      renew: () => tokens.forget(),
    });
    clients.set(account, new Client(transport, { userAgent: `kube-controller-manager/${account}` }));
  }
  return {
    clients,
    close: async () => {
      await Promise.all([...clients.values()].map((each) => each.close()));
    },
  };
}

/** A token of one account, asked for when it is first needed. */
class AccountToken {
  readonly #client: Client;
  readonly #account: string;
  #known: { readonly token: Promise<string>; readonly until: number } | undefined;

  constructor(client: Client, account: string) {
    this.#client = client;
    this.#account = account;
  }

  current(): Promise<string> {
    if (this.#known === undefined || Date.now() > this.#known.until) {
      const asked = { token: this.#ask(), until: Date.now() + lifetimeSeconds * 1000 * renewedAfter };
      this.#known = asked;
      asked.token.catch(() => {
        // Whoever waits has the error; the next one shall ask again.
        if (this.#known === asked) this.#known = undefined;
      });
    }
    return this.#known.token;
  }

  forget(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<string> {
    const accounts = this.#client.resource(ServiceAccount).namespace(namespace);
    const ask = async () =>
      (await accounts.token(this.#account, { expirationSeconds: lifetimeSeconds })).token;
    try {
      return await ask();
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      await accounts.create({ metadata: { name: this.#account } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return ask();
  }
}
