import { type Attributes, type Authorizer, allowed, type Decision, noOpinion } from '../authorizer.js';
import { nodeRules } from '../rbac/default-policy/default-policy.js';
import { RuleIndex } from '../rbac/rule-index.js';
import type { NodeGraph, NodeObject } from './node-graph.js';
import { nodeNameOf } from './node-identity.js';

const leaseNamespace = 'kube-node-lease';

/** What a node may do with the objects of one resource. */
type ResourceAccess = (node: string, attributes: Attributes, graph: NodeGraph) => Decision;

/**
 * Lets kubelets do what they need: read what belongs to the pods that are bound to them, and write their own node,
 * leases and pods, as far as can be told from a path. The NodeRestriction admission plugin looks at the objects.
 * Source: "Using Node Authorization".
 */
export class NodeAuthorizer implements Authorizer {
  readonly #graph: NodeGraph;
  readonly #rules = new RuleIndex();

  constructor(graph: NodeGraph) {
    this.#graph = graph;
    for (const rule of nodeRules()) this.#rules.add(rule, allowed);
  }

  authorize(attributes: Attributes): Decision {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return noOpinion;
    if (node === '') return no(`unknown node for user ${JSON.stringify(attributes.user.name)}`);
    const { isResource, apiGroup, resource } = attributes;
    const access = isResource ? accesses[apiGroup === '' ? resource : `${resource}.${apiGroup}`] : undefined;
    return access?.(node, attributes, this.#graph) ?? this.#rules.find(attributes) ?? noOpinion;
  }

  rulesFor(user: Attributes['user']) {
    if (nodeNameOf(user) === undefined) return { rules: [], incomplete: false };
    return { rules: [], incomplete: true, problem: 'node authorizer does not support user rule resolution' };
  }
}

const accesses: Readonly<Record<string, ResourceAccess>> = {
  secrets: readOf('secret'),
  configmaps: readOf('configmap'),
  persistentvolumeclaims: (node, attributes, graph) =>
    attributes.subresource === 'status'
      ? statusOf('pvc', node, attributes, graph)
      : getOf('pvc', node, attributes, graph),
  persistentvolumes: (node, attributes, graph) => getOf('pv', node, attributes, graph),
  'resourceclaims.resource.k8s.io': (node, attributes, graph) =>
    getOf('resourceclaim', node, attributes, graph),
  'volumeattachments.storage.k8s.io': (node, attributes, graph) =>
    getOf('volumeattachment', node, attributes, graph),
  serviceaccounts: serviceAccounts,
  'leases.coordination.k8s.io': leases,
  'csinodes.storage.k8s.io': csiNodes,
  'resourceslices.resource.k8s.io': resourceSlices,
  nodes,
  pods,
  // Nodes ask for them only with a feature that is off by default.
  'podcertificaterequests.certificates.k8s.io': () => noOpinion,
};

function no(reason: string): Decision {
  return { verdict: 'no opinion', reason };
}

function related(
  kind: NodeObject,
  node: string,
  { namespace, name }: Attributes,
  graph: NodeGraph,
): Decision {
  if (name === '') return no('No Object name found');
  return graph.belongs(node, kind, namespace, name)
    ? allowed
    : no(`no relationship found between node '${node}' and this object`);
}

function getOf(kind: NodeObject, node: string, attributes: Attributes, graph: NodeGraph): Decision {
  if (attributes.verb !== 'get') return no('can only get individual resources of this type');
  if (attributes.subresource !== '') return no('cannot get subresource');
  return related(kind, node, attributes, graph);
}

function statusOf(kind: NodeObject, node: string, attributes: Attributes, graph: NodeGraph): Decision {
  if (attributes.verb !== 'update' && attributes.verb !== 'patch')
    return no('can only get/update/patch this type');
  return related(kind, node, attributes, graph);
}

function readOf(kind: NodeObject): ResourceAccess {
  return (node, attributes, graph) => {
    const { verb, subresource, namespace } = attributes;
    if (verb !== 'get' && verb !== 'list' && verb !== 'watch')
      return no('can only read resources of this type');
    if (subresource !== '') return no('cannot read subresource');
    if (namespace === '') return no('can only read namespaced object of this type');
    return related(kind, node, attributes, graph);
  };
}

const readServiceAccount = readOf('serviceaccount');

function serviceAccounts(node: string, attributes: Attributes, graph: NodeGraph): Decision {
  const { verb, subresource, name } = attributes;
  if (verb === 'get' && subresource === '') return readServiceAccount(node, attributes, graph);
  if (verb !== 'create' || name === '') return no('can only create tokens for individual service accounts');
  if (subresource !== 'token') return no('can only create token subresource of serviceaccount');
  return related('serviceaccount', node, attributes, graph);
}

const ownVerbs = new Set(['get', 'create', 'update', 'patch', 'delete']);

function leases(node: string, { verb, namespace, name }: Attributes): Decision {
  if (!ownVerbs.has(verb)) return no('can only get, create, update, patch, or delete a node lease');
  if (namespace !== leaseNamespace)
    return no(`can only access leases in the "${leaseNamespace}" system namespace`);
  // A create has no name yet: admission looks at it.
  return verb === 'create' || name === node
    ? allowed
    : no('can only access node lease with the same name as the requesting node');
}

function csiNodes(node: string, { verb, subresource, name }: Attributes): Decision {
  if (!ownVerbs.has(verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return no('cannot authorize CSINode subresources');
  return verb === 'create' || name === node
    ? allowed
    : no('can only access CSINode with the same name as the requesting node');
}

function resourceSlices(node: string, attributes: Attributes, graph: NodeGraph): Decision {
  if (attributes.subresource !== '') return no('cannot authorize ResourceSlice subresources');
  switch (attributes.verb) {
    case 'create':
      return allowed;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related('resourceslice', node, attributes, graph);
    case 'watch':
    case 'list':
    case 'deletecollection':
      return selects(attributes, 'spec.nodeName', node)
        ? allowed
        : no('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return no(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      );
  }
}

function nodes(node: string, { verb, subresource, name }: Attributes): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : noOpinion;
  if (subresource !== '') return noOpinion;
  if (verb === 'create' || verb === 'update' || verb === 'patch') return allowed;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return noOpinion;
  // By the name alone, so that a kubelet may look before its node is there.
  if (name === node) return allowed;
  return name === ''
    ? no(`node '${node}' cannot read all nodes, only its own Node object`)
    : no(`node '${node}' cannot read '${name}', only its own Node object`);
}

function pods(node: string, attributes: Attributes, graph: NodeGraph): Decision {
  const { verb, subresource, name } = attributes;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : noOpinion;
  if (subresource === 'eviction') return verb === 'create' ? allowed : noOpinion;
  if (subresource !== '') return noOpinion;
  switch (verb) {
    case 'get':
      return getOf('pod', node, attributes, graph);
    case 'list':
    case 'watch':
      if (selects(attributes, 'spec.nodeName', node)) return allowed;
      if (name !== '') return related('pod', node, attributes, graph);
      return no('can only list/watch pods with spec.nodeName field selector');
    case 'create':
    case 'delete':
      return allowed;
    default:
      return noOpinion;
  }
}

function selects({ fieldSelector = [] }: Attributes, field: string, value: string): boolean {
  return fieldSelector.some((one) => one.field === field && one.operator === '=' && one.value === value);
}
