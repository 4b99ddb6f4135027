/** The content types of what a client sends, and the forms in which it asks for metadata. */
export const mediaTypes = {
  json: 'application/json',
  jsonPatch: 'application/json-patch+json',
  mergePatch: 'application/merge-patch+json',
  strategicMergePatch: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
  table: 'application/json;as=Table;g=meta.k8s.io;v=v1',
  metadata: {
    object: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  },
} as const;
