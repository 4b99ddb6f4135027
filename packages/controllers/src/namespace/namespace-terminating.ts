import { isApiError } from '@kubewright/api';

/** Whether a create was refused because the namespace goes away: trying again is of no use. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isApiError(error) &&
    (error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false)
  );
}
