import { findMessage, type Message, nullMembers, structMembers } from './protobuf-layout.js';

/** What Go's encoder does with members that nobody set. */
export interface GoMembers {
  /** In the order in which Go writes them. */
  readonly order: readonly string[];
  /**
   * Shown although they are zero: pointers, and those that are never left out. Every other string, number or boolean
   * is left out when it is empty.
   */
  readonly kept: ReadonlySet<string>;
  /** Structs, which are there in every object, empty or not. */
  readonly structs: ReadonlySet<string>;
  /** Lists, maps, pointers and times that are there in every object, null when nothing is in them. */
  readonly nulls: ReadonlySet<string>;
  /** Members that are there in every object besides those that the published document requires. */
  isAlwaysThere(member: string): boolean;
  /** Whether it is to be seen that an optional list or map is there, and empty. */
  isSeenEmpty(member: string): boolean;
  /** Whether a member that must be there is null where it is left out, rather than its type's zero. */
  isNullable(member: string): boolean;
}

/** Members that are never left out, though the published document does not require them. */
const alwaysThere = new Set([
  'Event.reportingComponent',
  'Event.reportingInstance',
  'NodeRuntimeHandler.name',
  'PodDisruptionBudgetStatus.currentHealthy',
  'PodDisruptionBudgetStatus.desiredHealthy',
  'PodDisruptionBudgetStatus.disruptionsAllowed',
  'PodDisruptionBudgetStatus.expectedPods',
  'PriorityClass.value',
  'StatefulSetOrdinals.start',
  'StatefulSetSpec.serviceName',
  'StatefulSetStatus.availableReplicas',
]);

/** Members that must be there and are pointers all the same. */
const nullable = new Set([
  'CapacityRequestPolicyRange.min',
  'HTTPIngressPath.pathType',
  'MutatingWebhook.sideEffects',
  'ValidatingWebhook.sideEffects',
]);

/** Members of which an empty list or map is refused, where none at all has a default or another error. */
const refusedWhenEmpty = new Set([
  'EphemeralContainer.ports',
  'EphemeralContainer.resizePolicy',
  'EphemeralContainer.restartPolicyRules',
  'HPAScalingRules.policies',
  'PersistentVolumeSpec.capacity',
]);

/**
 * @param definition the type's name in the OpenAPI document, as `io.k8s.api.core.v1.PodSpec`
 * @returns undefined for what is no Go type of Kubernetes, of which everything is shown as it is
 */
export function goMembers(definition: string): GoMembers | undefined {
  const name = definition.replace(/^io\.k8s\./, 'k8s.io.').replace(/-/g, '_');
  const message = findMessage(name);
  if (message === undefined) return undefined;
  const kept = new Set<string>();
  collect(message, kept);
  const order: string[] = [];
  collectOrder(message, order);
  const type = name.slice(name.lastIndexOf('.') + 1);
  return {
    order,
    kept,
    structs: new Set(structMembers(name)),
    nulls: new Set(nullMembers(name)),
    isAlwaysThere: (member) => alwaysThere.has(`${type}.${member}`),
    isSeenEmpty: (member) => refusedWhenEmpty.has(`${type}.${member}`),
    isNullable: (member) => nullable.has(`${type}.${member}`),
  };
}

/** The members of structs embedded inline are their owner's. */
function collect(message: Message, kept: Set<string>): void {
  for (const { json, type, keepsZero } of message.fields) {
    if (json === undefined) {
      if (typeof type === 'object') collect(type, kept);
    } else if (keepsZero) kept.add(json);
  }
}

function collectOrder(message: Message, order: string[]): void {
  for (const { json, type } of message.declared) {
    if (json !== undefined) order.push(json);
    else if (typeof type === 'object') collectOrder(type, order);
  }
}
