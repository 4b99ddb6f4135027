import {
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '@kubewright/client';

/** A transport that can be told to misbehave. */
export interface FaultyTransport extends Transport {
  /** Holds back what watches of the resource would tell, so that caches grow old. */
  freeze(plural: string): void;
  thaw(): void;
  /** The next so many creates of the resource happen, but their answers are lost. */
  loseAnswers(plural: string, count: number): void;
  /** From now on breaks writes by chance: some before they are sent, some after they have happened. */
  shake(random: () => number): void;
  /** All that was written, as `POST /api/v1/…`. */
  readonly writes: readonly string[];
}

/** Wraps a transport. */
export function faultyTransport(inner: Transport): FaultyTransport {
  const frozen = new Set<string>();
  const lost = new Map<string, number>();
  const writes: string[] = [];
  let thawed: (() => void)[] = [];
  let random = () => 1;
  const isThawed = async (plural: string): Promise<void> => {
    while (frozen.has(plural)) await new Promise<void>((resolve) => thawed.push(resolve));
  };
  const request = async (call: TransportRequest): Promise<TransportResponse> => {
    const plural = pluralOf(call.path);
    if (call.method !== 'GET') writes.push(`${call.method} ${call.path}`);
    const isBroken = call.method !== 'GET' && random() < 0.15;
    if (isBroken && random() < 0.5) throw new TransportError('the connection was refused', { unsent: true });
    const response = await inner.request(call);
    const left = lost.get(plural) ?? 0;
    if (call.method === 'POST' && left > 0) {
      lost.set(plural, left - 1);
      throw new TransportError('the connection was reset', { unsent: false });
    }
    if (isBroken) throw new TransportError('the connection was reset', { unsent: false });
    if (!call.query?.has('watch')) return response;
    return { ...response, body: held(response.body, () => isThawed(plural)) };
  };
  return {
    request,
    connect: (call) => inner.connect(call),
    close: () => inner.close(),
    writes,
    freeze: (plural) => frozen.add(plural),
    thaw: () => {
      frozen.clear();
      const waiting = thawed;
      thawed = [];
      for (const resolve of waiting) resolve();
    },
    shake: (by) => {
      random = by;
    },
    loseAnswers: (plural, count) => lost.set(plural, count),
  };
}

async function* held(body: AsyncIterable<Uint8Array>, open: () => Promise<void>): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    await open();
    yield chunk;
  }
}

/** `pods` of `/api/v1/namespaces/default/pods` and of `/api/v1/pods/p`. */
function pluralOf(path: string): string {
  const parts = path.split('/').slice(path.startsWith('/api/') ? 3 : 4);
  return (parts[0] === 'namespaces' && parts.length > 2 ? parts[2] : parts[0]) ?? '';
}
