import { Pod } from '@kubewright/api/core/v1';
import { PriorityClass } from '@kubewright/api/scheduling/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';

const isPod = handlesKind(Pod, ['CREATE', 'UPDATE']);
const isClass = handlesKind(PriorityClass, ['CREATE', 'UPDATE']);

/** A pod gets its number from the name of its class; only one class is the default. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: (target) => isPod(target) || isClass(target),

  admit(request) {
    if (request.kind.kind === Pod.kind) admitPod(request as unknown as AdmissionRequest<Pod>);
  },

  validate(request) {
    if (request.kind.kind === PriorityClass.kind)
      validateClass(request as unknown as AdmissionRequest<PriorityClass>);
  },
};

function admitPod(request: AdmissionRequest<Pod>): void {
  const { object, oldObject, operation } = request;
  const spec = object?.spec;
  if (spec === undefined) return;
  if (operation === 'UPDATE') {
    // For clients that do not know these fields.
    const old = oldObject?.spec;
    if (spec.priority === undefined && old?.priority !== undefined) spec.priority = old.priority;
    if (spec.preemptionPolicy === undefined && old?.preemptionPolicy !== undefined)
      spec.preemptionPolicy = old.preemptionPolicy;
    return;
  }
  const found = classOf(request, spec.priorityClassName ?? '');
  if (found !== undefined) spec.priorityClassName = found.metadata.name ?? '';
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  const computed = 'must not be provided in pod spec; priority admission controller computed';
  if (spec.priority !== undefined && spec.priority !== value)
    throw refusal(
      request,
      `the integer value of priority (${spec.priority}) ${computed} ${value} from the given PriorityClass name`,
    );
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw refusal(
      request,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${computed} ${policy} from the given PriorityClass name`,
    );
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

/** The class of a name, or the default one. @throws ApiError Forbidden where there is none of the name */
function classOf(request: AdmissionRequest<Pod>, name: string): PriorityClass | undefined {
  const lister = request.context.objects.lister(PriorityClass);
  if (name === '') return defaultClassOf(lister.list());
  const found = lister.get('', name);
  if (found === undefined) throw refusal(request, `no PriorityClass with name ${name} was found`);
  return found;
}

/** Where several are marked, the lowest. */
function defaultClassOf(classes: readonly PriorityClass[]): PriorityClass | undefined {
  let lowest: PriorityClass | undefined;
  for (const one of classes)
    if (one.globalDefault && (lowest === undefined || (one.value ?? 0) < (lowest.value ?? 0))) lowest = one;
  return lowest;
}

function validateClass(request: AdmissionRequest<PriorityClass>): void {
  const { object, operation, context } = request;
  if (object?.globalDefault !== true) return;
  const other = defaultClassOf(context.objects.lister(PriorityClass).list())?.metadata.name;
  if (other === undefined || (operation === 'UPDATE' && other === object.metadata.name)) return;
  throw refusal(request, `PriorityClass ${other} is already marked as default. Only one default can exist`);
}
