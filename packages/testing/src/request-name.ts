import type { TransportRequest } from '@kubewright/client';

/** What a request is about. */
export interface RequestName {
  /** `pods` of `/api/v1/namespaces/default/pods/a`; '' for paths that are no resources. */
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** Takes a path of the API apart. Source: the API's URL scheme, "Resource URIs" of the API concepts. */
export function requestName({ path }: Pick<TransportRequest, 'path'>): RequestName {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const rest = parts[0] === 'api' ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : [];
  // `/api/v1/namespaces/a` and its status are about the namespace itself.
  const isWithin =
    rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [plural = '', name = '', subresource = ''] = isWithin ? rest.slice(2) : rest;
  return { plural, namespace: isWithin ? (rest[1] ?? '') : '', name, subresource };
}

/** `pods default/a`, for people. */
export function describeRequest(request: Pick<TransportRequest, 'path'>): string {
  const { plural, namespace, name, subresource } = requestName(request);
  if (plural === '') return request.path;
  const object = [namespace, name].filter((part) => part !== '').join('/');
  return [subresource === '' ? plural : `${plural}/${subresource}`, object]
    .filter((part) => part !== '')
    .join(' ');
}
