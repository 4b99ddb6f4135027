import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '@kubewright/api/core/v1';

/** Whether any term selects the node. */
export function selectsNode(selector: NodeSelector, node: Node): boolean {
  return selector.nodeSelectorTerms.some((term) => termSelects(term, node));
}

/** Whether all requirements of the term hold; an empty term selects nothing. */
export function termSelects(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  node: Node,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const { labels = {}, name = '' } = node.metadata;
  return (
    matchExpressions.every((requirement) => holds(requirement, labels)) &&
    matchFields.every((requirement) => holds(requirement, { 'metadata.name': name }))
  );
}

function holds(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compare(value, values[0]) > 0;
    case 'Lt':
      return compare(value, values[0]) < 0;
    default:
      return false;
  }
}

/** Of whole numbers; neither more nor less where one is none. */
function compare(a: string | undefined, b: string | undefined): number {
  const isInteger = (text: string | undefined): text is string => text !== undefined && /^-?\d+$/.test(text);
  return isInteger(a) && isInteger(b) ? Number(BigInt(a) - BigInt(b)) : 0;
}
