import { randomUUID } from 'node:crypto';
import { ApiError, encodeJson, type KubernetesObject } from '@kubewright/api';
import { goType, isObject } from '../patch/json-object.js';
import { path } from '../validation/field-error.js';
import { validateLabels } from '../validation/label-selector.js';
import { validateAnnotations } from '../validation/object-meta.js';
import type { Outline } from './custom-kind.js';
import type { CustomResourceHost } from './custom-resources.js';
import type { VersionConverter } from './stored-versions.js';

/** Upstream's time for one call. */
const timeoutMs = 30_000;
/** Of the objects of one call: a list of more is several calls. */
const mostBytes = 1 << 20;

type JsonRecord = Readonly<Record<string, unknown>>;

/** Has a webhook convert objects, as a ConversionReview. Source: the page "Versions in CustomResourceDefinitions". */
export class ConversionWebhook implements VersionConverter {
  readonly #outline: Outline;
  readonly #host: CustomResourceHost;

  constructor(outline: Outline, host: CustomResourceHost) {
    this.#outline = outline;
    this.#host = host;
  }

  async convert(objects: readonly KubernetesObject[], apiVersion: string): Promise<KubernetesObject[]> {
    const converted: KubernetesObject[] = [];
    let batch: KubernetesObject[] = [];
    let bytes = 0;
    for (const object of objects) {
      const length = encodeJson(object).length;
      if (batch.length > 0 && bytes + length > mostBytes) {
        converted.push(...(await this.#convert(batch, apiVersion)));
        batch = [];
        bytes = 0;
      }
      batch.push(object);
      bytes += length;
    }
    if (batch.length > 0) converted.push(...(await this.#convert(batch, apiVersion)));
    return converted;
  }

  async #convert(objects: readonly KubernetesObject[], apiVersion: string): Promise<KubernetesObject[]> {
    const [first] = objects;
    const subject = `${first?.apiVersion ?? ''}, Kind=${first?.kind ?? ''}`;
    const failure = (what: string) =>
      new ApiError('', `conversion webhook for ${subject} ${what}`, { code: 500 });
    const { conversionReviewVersions, clientConfig } = this.#outline.spec.conversion?.webhook ?? {};
    const version = conversionReviewVersions?.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
    const uid = randomUUID();
    const review = {
      kind: 'ConversionReview',
      apiVersion: `apiextensions.k8s.io/${version}`,
      request: { uid, desiredAPIVersion: apiVersion, objects },
    };
    let list: readonly unknown[];
    try {
      const answer = await this.#host.webhooks.post(clientConfig ?? {}, review, { timeoutMs });
      list = objectsOf(answer, version, uid);
    } catch (error) {
      throw failure(`failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (list.length !== objects.length)
      throw failure(`returned ${list.length} objects, expected ${objects.length}`);
    return objects.map((original, index) => {
      const problem = problemOf(original, list[index], apiVersion);
      if (problem !== undefined) throw failure(`returned invalid ${problem}`);
      return withMetadata(original, list[index] as KubernetesObject);
    });
  }
}

/** @throws Error for an answer that is no success, in upstream's words */
function objectsOf(answer: unknown, version: string, uid: string): readonly unknown[] {
  const { apiVersion, kind, response } = recordOf(answer);
  if (version === 'v1' && (kind !== 'ConversionReview' || apiVersion !== 'apiextensions.k8s.io/v1'))
    throw new Error(
      `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${String(apiVersion ?? '')}, Kind=${String(kind ?? '')}`,
    );
  if (typeof response !== 'object' || response === null) throw new Error('no response provided');
  const { uid: answered, result, convertedObjects } = recordOf(response);
  if (version === 'v1' && answered !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answered ?? '')}`);
  const { status, message } = recordOf(result);
  if (status !== 'Success') {
    if (typeof message === 'string' && message !== '') throw new Error(message);
    throw new Error(`response.result.status was '${String(status ?? '')}', not 'Success'`);
  }
  return Array.isArray(convertedObjects) ? convertedObjects : [];
}

function recordOf(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
}

/** Type, name and uid are not a webhook's to change. Source: apiextensions' `validateConvertedObject` and `restoreObjectMeta`. */
function problemOf(original: KubernetesObject, converted: unknown, apiVersion: string): string | undefined {
  const { apiVersion: version, kind, metadata } = recordOf(converted);
  if (version !== apiVersion)
    return `object at index 0: invalid groupVersion (expected ${apiVersion}, received ${String(version ?? '')})`;
  if (kind !== original.kind)
    return `object at index 0: invalid kind (expected ${original.kind ?? ''}, received ${String(kind ?? '')})`;
  const given = recordOf(metadata);
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [wanted, got] = [original.metadata[field] ?? '', given[field] ?? ''];
    if (wanted !== got) return `object: must have the same ${name}: ${wanted} != ${String(got)}`;
  }
  const problem = textsProblem(given, 'labels') ?? textsProblem(given, 'annotations');
  return problem && `metadata: ${problem}`;
}

function textsProblem(metadata: JsonRecord, field: 'labels' | 'annotations'): string | undefined {
  const map = metadata[field] ?? undefined;
  if (map === undefined) return undefined;
  if (!isObject(map)) return `invalid metadata.${field} of type ${goType(map)} in converted object`;
  for (const [key, value] of Object.entries(map))
    if (typeof value !== 'string')
      return `metadata.${field}[${key}] must be a string, but is ${goType(value)} in converted object`;
  const texts = map as Record<string, string>;
  const [error] =
    field === 'labels'
      ? validateLabels(texts, path('metadata', 'labels'))
      : validateAnnotations(texts, path('metadata', 'annotation'));
  return error && `${error.field}: ${error.message}`;
}

/** Of the metadata only labels and annotations are the webhook's. */
function withMetadata(original: KubernetesObject, converted: KubernetesObject): KubernetesObject {
  const { labels: _l, annotations: _a, ...kept } = original.metadata;
  const { labels, annotations } = converted.metadata;
  const metadata = {
    ...kept,
    ...(labels == null ? {} : { labels }),
    ...(annotations == null ? {} : { annotations }),
  };
  return { ...converted, metadata };
}
