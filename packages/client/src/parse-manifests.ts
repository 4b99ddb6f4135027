import type { KubernetesObject } from '@kubewright/api';

/**
 * The objects of a text of YAML documents, or of one JSON one. Of a List its items count.
 * @param file the name for messages
 * @throws Error that names the file and the document
 */
export async function parseManifests(text: string, file: string): Promise<KubernetesObject[]> {
  const { loadAll } = await import('js-yaml');
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new Error(`${file} is no YAML: ${why}`, { cause });
  }
  return documents.flatMap((document, index) => {
    if (document === null || document === undefined) return [];
    if (typeof document !== 'object' || Array.isArray(document) || !('kind' in document))
      throw new Error(`${file}: document ${index + 1} is no object with a kind`);
    const { kind } = document;
    const isList = typeof kind === 'string' && kind.endsWith('List') && 'items' in document;
    return (isList && Array.isArray(document.items) ? document.items : [document]) as KubernetesObject[];
  });
}
