/** What upstream's store says of a write to an object that is not the one that is meant. */
export function staleUid(key: string, wanted: string, found: string): string {
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
}

/** The same for another version than that of the object. */
export function staleVersion(key: string, wanted: string, found: string): string {
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ResourceVersion in precondition: ${wanted}, ResourceVersion in object meta: ${found}`;
}
