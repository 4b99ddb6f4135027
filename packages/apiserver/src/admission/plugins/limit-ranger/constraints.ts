import { canonicalQuantity, compareQuantities, parseQuantity, type QuantityLike } from '@kubewright/api';

/** A bound of a LimitRange: of what, for which resource. */
export interface Bound {
  readonly type: string;
  readonly name: string;
  readonly bound: QuantityLike;
}

type Quantities = Readonly<Record<string, QuantityLike>>;

// What is wrong, in the words of the LimitRanger; undefined where nothing is.

export function atLeast(bound: Bound, requests: Quantities, limits: Quantities): string | undefined {
  const says = `minimum ${usage(bound)}`;
  const { request, limit } = valuesOf(bound, requests, limits);
  if (request === undefined) return `${says}.  No request is specified`;
  if (compareQuantities(request, bound.bound) < 0)
    return `${says}, but request is ${canonicalQuantity(request)}`;
  if (limit !== undefined && compareQuantities(limit, bound.bound) < 0)
    return `${says}, but limit is ${canonicalQuantity(limit)}`;
  return undefined;
}

export function atMost(bound: Bound, requests: Quantities, limits: Quantities): string | undefined {
  const says = `maximum ${usage(bound)}`;
  const { request, limit } = valuesOf(bound, requests, limits);
  if (limit === undefined) return `${says}.  No limit is specified`;
  if (compareQuantities(limit, bound.bound) > 0) return `${says}, but limit is ${canonicalQuantity(limit)}`;
  if (request !== undefined && compareQuantities(request, bound.bound) > 0)
    return `${says}, but request is ${canonicalQuantity(request)}`;
  return undefined;
}

/** For what has no limits. */
export function requestAtMost(bound: Bound, requests: Quantities): string | undefined {
  const says = `maximum ${usage(bound)}`;
  const { request } = valuesOf(bound, requests, {});
  if (request === undefined) return `${says}.  No request is specified`;
  return compareQuantities(request, bound.bound) > 0
    ? `${says}, but request is ${canonicalQuantity(request)}`
    : undefined;
}

export function ratioAtMost(bound: Bound, requests: Quantities, limits: Quantities): string | undefined {
  const says = `${bound.name} max limit to request ratio per ${bound.type} is ${canonicalQuantity(bound.bound)}`;
  const { request, limit } = valuesOf(bound, requests, limits);
  if (request === undefined || isZero(request)) return `${says}, but no request is specified or request is 0`;
  if (limit === undefined || isZero(limit)) return `${says}, but no limit is specified or limit is 0`;
  const ratio = Number(parseQuantity(limit).nanos) / Number(parseQuantity(request).nanos);
  const most = Number(parseQuantity(bound.bound).nanos) / 1e9;
  return ratio > most ? `${says}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

function usage({ type, name, bound }: Bound): string {
  return `${name} usage per ${type} is ${canonicalQuantity(bound)}`;
}

function valuesOf({ name }: Bound, requests: Quantities, limits: Quantities) {
  return { request: requests[name], limit: limits[name] };
}

function isZero(quantity: QuantityLike): boolean {
  return parseQuantity(quantity).nanos === 0n;
}
