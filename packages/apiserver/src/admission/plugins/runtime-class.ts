import { isDeepStrictEqual } from 'node:util';
import { canonicalQuantity } from '@kubewright/api';
import { Pod, type Toleration } from '@kubewright/api/core/v1';
import { RuntimeClass } from '@kubewright/api/node/v1';
import type { AdmissionPlugin } from '../admission-plugin.js';
import type { AdmissionRequest } from '../admission-request.js';
import { handlesKind } from '../handles-kind.js';
import { refusal } from '../refusal.js';

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

/** A pod gets the overhead and the nodes of its runtime class, and may claim no other overhead. */
export const runtimeClass: AdmissionPlugin<Pod> = {
  name: 'RuntimeClass',
  handles: handlesKind(Pod, ['CREATE']),

  admit(request) {
    const spec = request.object?.spec;
    const found = classOf(request);
    if (spec === undefined || found === undefined) return;
    const overhead = found.overhead?.podFixed;
    if (overhead !== undefined) {
      if (spec.overhead !== undefined && !isSameOverhead(spec.overhead, overhead))
        throw refusal(request, mismatch);
      spec.overhead = { ...overhead };
    }
    const { nodeSelector, tolerations } = found.scheduling ?? {};
    if (nodeSelector !== undefined) spec.nodeSelector = mergeSelectors(request, nodeSelector);
    if (tolerations !== undefined && tolerations.length > 0)
      spec.tolerations = mergeTolerations(spec.tolerations ?? [], tolerations);
  },

  validate(request) {
    const overhead = request.object?.spec?.overhead;
    const defined = classOf(request)?.overhead?.podFixed;
    if (defined === undefined) {
      if (overhead !== undefined)
        throw refusal(
          request,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
    } else if (overhead === undefined || !isSameOverhead(overhead, defined)) throw refusal(request, mismatch);
  },
};

function classOf(request: AdmissionRequest<Pod>): RuntimeClass | undefined {
  const name = request.object?.spec?.runtimeClassName;
  if (name === undefined) return undefined;
  const found = request.context.objects.lister(RuntimeClass).get('', name);
  if (found === undefined) throw refusal(request, `pod rejected: RuntimeClass "${name}" not found`);
  return found;
}

type Quantities = Readonly<Record<string, string | number>>;

function isSameOverhead(a: Quantities, b: Quantities): boolean {
  const canonical = (list: Quantities) =>
    Object.fromEntries(Object.entries(list).map(([name, value]) => [name, canonicalQuantity(value)]));
  return isDeepStrictEqual(canonical(a), canonical(b));
}

function mergeSelectors(
  request: AdmissionRequest<Pod>,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> {
  const own = request.object?.spec?.nodeSelector ?? {};
  for (const [key, value] of Object.entries(wanted)) {
    const mine = own[key];
    if (mine !== undefined && mine !== value)
      throw refusal(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${mine}`,
      );
  }
  return { ...own, ...wanted };
}

/** Both lists without what another one of them says already. Source: `MergeTolerations`. */
function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((one, at) => {
    const isRedundant =
      merged.some((other) => isSuperset(other, one)) ||
      all.slice(at + 1).some((other) => !isDeepStrictEqual(other, one) && isSuperset(other, one));
    if (!isRedundant) merged.push(one);
  });
  return merged;
}

/** Whether all that `b` tolerates `a` does, too. Source: `isSuperset` of tolerations. */
function isSuperset(a: Toleration, b: Toleration): boolean {
  if (isDeepStrictEqual(a, b)) return true;
  const isForAllKeys = (a.key ?? '') === '' && a.operator === 'Exists';
  if ((a.key ?? '') !== (b.key ?? '') && !isForAllKeys) return false;
  if ((a.effect ?? '') !== '' && a.effect !== b.effect) return false;
  if (a.effect === 'NoExecute' && a.tolerationSeconds !== undefined) {
    if (b.tolerationSeconds === undefined || b.tolerationSeconds > a.tolerationSeconds) return false;
  }
  // One without an operator equals only itself, as upstream has it.
  if ((a.operator || 'Equal') === 'Equal')
    return b.operator === 'Equal' && (a.value ?? '') === (b.value ?? '');
  return a.operator === 'Exists';
}
