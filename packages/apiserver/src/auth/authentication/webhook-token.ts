import { encodeJson } from '@kubewright/api';
import type { Transport } from '@kubewright/client';
import { CredentialError, type TokenAuthenticator, type TokenIdentity } from '../authenticator.js';
import type { User } from '../user.js';
import { askWebhook } from './ask-webhook.js';
import { intersect } from './token-union.js';

const timeoutMs = 30_000;
/** As upstream: 5 tries, at first half a second apart. */
const attempts = 5;
const firstPauseMs = 500;

export interface WebhookOptions {
  /** To the address that reviews are sent to. */
  readonly transport: Transport;
  /** Waits. @default with a timer */
  readonly pause?: (ms: number) => Promise<void>;
}

/** Asks another server, by TokenReviews, whom a token stands for. Source: apiserver's webhook token authenticator. */
export function webhookTokenAuthenticator(
  { transport, pause = pauseFor }: WebhookOptions,
  ownAudiences: readonly string[],
): TokenAuthenticator {
  const ask = async (body: string): Promise<Review> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await review(transport, body);
      } catch (error) {
        if (attempt === attempts)
          throw new CredentialError('the token webhook did not answer', { cause: error });
        await pause(firstPauseMs * 1.5 ** (attempt - 1));
      }
    }
  };
  return {
    async authenticateToken(token, audiences) {
      const spec = { token, ...(audiences.length === 0 ? {} : { audiences }) };
      const body = encodeJson({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
      const status = await ask(body);
      if (status.error !== '') throw new CredentialError(status.error);
      return status.authenticated ? identityOf(status, audiences, ownAudiences) : undefined;
    },
  };
}

/** A webhook that says nothing of audiences means this server's. */
function identityOf(
  { user, audiences: meant }: Review,
  audiences: readonly string[],
  ownAudiences: readonly string[],
): TokenIdentity | undefined {
  const common = intersect(meant.length > 0 ? meant : ownAudiences, audiences);
  if (common.length === 0 && audiences.length > 0) return undefined;
  return { user, audiences: common };
}

interface Review {
  readonly authenticated: boolean;
  readonly user: User;
  readonly audiences: readonly string[];
  readonly error: string;
}

async function review(transport: Transport, body: string): Promise<Review> {
  return parseReview(await askWebhook(transport, body, timeoutMs));
}

function parseReview(value: unknown): Review {
  const status = record(record(value).status);
  const user = record(status.user);
  return {
    authenticated: status.authenticated === true,
    error: text(status.error),
    audiences: texts(status.audiences),
    user: {
      name: text(user.username),
      ...(text(user.uid) === '' ? {} : { uid: text(user.uid) }),
      groups: texts(user.groups),
      extra: Object.fromEntries(
        Object.entries(record(user.extra)).map(([key, values]) => [key, texts(values)]),
      ),
    },
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
