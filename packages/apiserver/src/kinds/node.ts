import { labelValueErrors } from '@kubewright/api';
import { Node, type NodeSpec, type NodeStatus, type Taint } from '@kubewright/api/core/v1';
import { familyOf, validateCidr } from '../validation/addresses.js';
import { validateRequiredChoice } from '../validation/choices.js';
import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalid,
  path,
} from '../validation/field-error.js';
import { validateLabelKey } from '../validation/label-selector.js';
import { ageColumn, nameColumn, text, wide } from './columns.js';
import { defineRules } from './kind-rules.js';
import { nodeProxy } from './node-proxy.js';
import { validateQuantity } from './pod/resource-validation.js';
import { taintEffects } from './pod/scheduling-validation.js';
import { roundResources } from './resource-list.js';

export const nodeRules = defineRules<Node>({
  kind: Node,
  metadataChecks: 'as new',
  storageKey: 'minions',
  createdWithStatus: true,
  default(node) {
    node.spec ??= {};
    joinRanges(node.spec);
    const { status } = node;
    roundResources(status?.capacity);
    roundResources(status?.allocatable);
    if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  },
  prepareForCreate: (node) => dropDynamicConfig(node, undefined),
  prepareForUpdate: dropDynamicConfig,
  validate({ spec, status }) {
    const errors = validateTaints(spec?.taints ?? [], path('metadata', 'taints'));
    errors.push(...validateResources(status));
    (spec?.podCIDRs ?? []).forEach((cidr, index) => {
      errors.push(...validateCidr(cidr, path('spec', 'podCIDRs').index(index)));
    });
    errors.push(...validateDeclaredFeatures(status));
    const ranges = spec?.podCIDRs ?? [];
    const wrong = ranges.findIndex((cidr) => validateCidr(cidr, path('')).length > 0);
    if (ranges.length > 1 && wrong >= 0)
      errors.push({
        type: 'InternalError',
        field: 'spec.podCIDRs',
        message: `Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${wrong}]: <nil> (invalid CIDR address: ${ranges[wrong]})`,
      });
    const families = new Set(ranges.map((cidr) => familyOf(cidr.split('/')[0] ?? '')));
    if (ranges.length > 2 || (ranges.length > 1 && (wrong >= 0 || families.size !== ranges.length)))
      errors.push(
        invalid(path('spec', 'podCIDRs'), ranges, 'may specify no more than one CIDR for each IP family'),
      );
    return errors;
  },
  validateUpdate({ spec, status }, old) {
    // Upstream looks at these again, and says what is wrong as often.
    const errors = validateStatus(status);
    const had = old.spec?.podCIDRs ?? [];
    const has = spec?.podCIDRs ?? [];
    if (had.length > 0 && (had.length !== has.length || had.some((cidr, index) => cidr !== has[index])))
      errors.push(
        forbiddenField(
          path('spec', 'podCIDRs'),
          'node updates may not change podCIDR except from "" to valid',
        ),
      );
    if (old.spec?.providerID && old.spec.providerID !== spec?.providerID)
      errors.push(
        forbiddenField(
          path('spec', 'providerID'),
          'node updates may not change providerID except from "" to valid',
        ),
      );
    errors.push(...validateTaints(spec?.taints ?? [], path('metadata', 'taints')));
    if ((spec?.externalID ?? '') !== (old.spec?.externalID ?? ''))
      errors.push(forbiddenField(path('spec', 'externalID'), 'may not be updated'));
    return errors;
  },
  warnings: ({ spec }) => [
    ...(spec?.configSource === undefined ? [] : ['spec.configSource: the feature is no longer supported']),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
  ],
  fields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  fieldsRead: ['spec.unschedulable'],
  columns: [
    nameColumn,
    text('Status', 'Whether the node takes pods.', statusOf),
    text('Roles', 'What the node is for.', rolesOf),
    ageColumn,
    text('Version', 'Version of the kubelet.', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
    wide(text('Internal-IP', 'Address within the cluster.', (node) => addressOf(node, 'InternalIP'))),
    wide(text('External-IP', 'Address outside of the cluster.', (node) => addressOf(node, 'ExternalIP'))),
    wide(
      text(
        'OS-Image',
        'Operating system of the node.',
        ({ status }) => status?.nodeInfo?.osImage || '<unknown>',
      ),
    ),
    wide(
      text('Kernel-Version', 'Kernel of the node, and what it runs on.', ({ status }) =>
        kernelText(status?.nodeInfo),
      ),
    ),
    wide(
      text(
        'Container-Runtime',
        'What runs the containers.',
        ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
      ),
    ),
  ],
  subresources: {
    proxy: nodeProxy,
    status: {
      prepareForUpdate: dropDynamicConfig,
      validateUpdate: ({ status }) => validateStatus(status),
    },
  },
});

function validateStatus(status: NodeStatus | undefined): FieldError[] {
  const seen = new Set<string>();
  const repeated = (status?.addresses ?? []).flatMap(({ type = '', address = '' }, index) => {
    const key = `${type}/${address}`;
    const isNew = !seen.has(key);
    seen.add(key);
    // Upstream shows it in its internal form here.
    const shown = { Type: type, Address: address };
    return isNew ? [] : [duplicate(path('status', 'addresses').index(index), shown)];
  });
  return [...validateResources(status), ...validateDeclaredFeatures(status), ...repeated];
}

/** A feature that is gone: what is left of it in stored nodes stays. */
function dropDynamicConfig(node: Node, old: Node | undefined): void {
  if (old?.spec?.configSource === undefined) delete node.spec?.configSource;
  if (old?.status?.config === undefined) delete node.status?.config;
}

const featureName = /^([A-Z][a-zA-Z0-9]*)(\/[a-zA-Z0-9]+)*$/;

/** Features that a kubelet says to have: names in order, each once. Source: KEP-5328. */
function validateDeclaredFeatures(status: NodeStatus | undefined): FieldError[] {
  const features = status?.declaredFeatures ?? [];
  return features.flatMap((feature, index) => {
    const at = path('status', 'declaredFeatures').index(index);
    const errors: FieldError[] = [];
    const before = features[index - 1];
    if (feature === before) errors.push(duplicate(at, feature));
    else if (before !== undefined && before > feature)
      errors.push(invalid(at, feature, 'list must be sorted alphabetically'));
    const wrong = `invalid feature name ${JSON.stringify(feature)}: `;
    if (feature.length > 253)
      errors.push(invalid(at, feature, `${wrong}must be no more than 253 characters`));
    else if (!featureName.test(feature))
      errors.push(
        invalid(
          at,
          feature,
          `${wrong}must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`,
        ),
      );
    return errors;
  });
}

function validateTaints(taints: readonly Taint[], field: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = field.index(index);
    const errors = validateLabelKey(taint.key ?? '', at.child('key'));
    const wrong = labelValueErrors(taint.value ?? '');
    if (wrong.length > 0) errors.push(invalid(at.child('value'), taint.value, wrong.join(';')));
    errors.push(...validateRequiredChoice(taint.effect, taintEffects, at.child('effect')));
    const key = `${taint.effect}/${taint.key}`;
    if (seen.has(key)) {
      // Upstream shows its internal form.
      const { key: Key = '', value: Value = '', effect: Effect = '', timeAdded: TimeAdded = null } = taint;
      const { message, ...error } = duplicate(at, { Key, Value, Effect, TimeAdded });
      errors.push({ ...error, message: `${message}: taints must be unique by key and effect pair` });
    }
    seen.add(key);
    return errors;
  });
}

function validateResources(status: NodeStatus | undefined): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((list) =>
    Object.entries(status?.[list] ?? {}).flatMap(([name, quantity]) =>
      validateQuantity(name, quantity, path('status', list, name)),
    ),
  );
}

function statusOf({ spec, status }: Node): string {
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

function kernelText(info: NodeStatus['nodeInfo']): string {
  const { kernelVersion = '', architecture = '' } = info ?? {};
  if (kernelVersion === '') return '<unknown>';
  return architecture === '' ? kernelVersion : `${kernelVersion} (${architecture})`;
}

const rolePrefix = 'node-role.kubernetes.io/';

function rolesOf({ metadata }: Node): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)];
    return key === 'kubernetes.io/role' ? [value] : [];
  });
  return (
    [...new Set(roles)]
      .filter((role) => role !== '')
      .sort()
      .join(',') || '<none>'
  );
}

function addressOf({ status }: Node, wanted: string): string {
  return (status?.addresses ?? []).find(({ type }) => type === wanted)?.address ?? '<none>';
}

/** Two fields, one meaning: where they differ, the older one counts. */
function joinRanges(spec: NodeSpec): void {
  const { podCIDR = '', podCIDRs = [] } = spec;
  if (podCIDR !== '' && podCIDRs[0] !== podCIDR) spec.podCIDRs = [podCIDR];
  else if (podCIDR === '' && podCIDRs[0]) spec.podCIDR = podCIDRs[0];
}
