import type { KubernetesObject } from '@kubewright/api';

/**
 * The object at another version of its kind. What it says must be kept both ways: a version that can't hold something
 * keeps it in an annotation. Metadata but for labels and annotations must stay.
 * @param apiVersion `group/version`
 */
export type Converter = (
  object: KubernetesObject,
  apiVersion: string,
) => Promise<KubernetesObject> | KubernetesObject;

/** Answers a `ConversionReview` of `apiextensions.k8s.io/v1`. @throws TypeError for a body that is none */
export async function reviewByConverter(body: unknown, convert: Converter): Promise<object> {
  const { uid, desiredAPIVersion, objects } = requestOf(body);
  const convertedObjects: KubernetesObject[] = [];
  let result: object = { status: 'Success' };
  for (const object of objects) {
    try {
      const converted = await convert(object, desiredAPIVersion);
      convertedObjects.push({ ...converted, apiVersion: desiredAPIVersion });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      result = { status: 'Failure', message: `${object.metadata?.name ?? ''}: ${message}` };
      break;
    }
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'ConversionReview',
    response: { uid, result, ...('message' in result ? {} : { convertedObjects }) },
  };
}

interface ConversionRequest {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly KubernetesObject[];
}

function requestOf(body: unknown): ConversionRequest {
  const review = body as { readonly kind?: unknown; readonly request?: Partial<ConversionRequest> } | null;
  const { uid, desiredAPIVersion, objects } = review?.request ?? {};
  if (
    review?.kind !== 'ConversionReview' ||
    typeof uid !== 'string' ||
    typeof desiredAPIVersion !== 'string' ||
    !Array.isArray(objects)
  )
    throw new TypeError('the body is no ConversionReview with a request');
  return { uid, desiredAPIVersion, objects };
}
