import { formatTime, isAlreadyExists } from '@kubewright/api';
import { CustomResourceDefinition } from '@kubewright/api/apiextensions/v1';
import { APIService } from '@kubewright/api/apiregistration/v1';
import { customGroupPriority, groupPriority } from '../discovery/group-order.js';
import { followObjects } from '../registry/follow-objects.js';
import type { AggregatorParts } from './aggregator.js';
import { localAvailability } from './availability.js';

const managed = 'kube-aggregator.kubernetes.io/automanaged';

/** The label's value of what is registered once, and of what comes and goes with its definition. */
const [atStart, always] = ['onstart', 'true'];

/** Upstream's priorities of groups that custom resources bring. */
const customPriority = { groupPriorityMinimum: customGroupPriority, versionPriority: 100 };

/** Upstream's priorities of versions, where they are not those of all others. */
const versionPriorities: Readonly<Record<string, number>> = {
  'v1.': 1,
  'v2.autoscaling': 30,
  'v1.flowcontrol.apiserver.k8s.io': 21,
  'v1.resource.k8s.io': 21,
};
const usualVersionPriority = 15;

/**
 * Keeps an APIService for every group and version that this server has itself, those of CustomResourceDefinitions
 * included, so that `kubectl get apiservices` shows all that is served and by whom.
 */
export async function keepLocalApiServices(parts: AggregatorParts): Promise<void> {
  const versions = new Map<string, { group: string; version: string }>();
  const { resources } = parts;
  for (const { kind } of [...resources.served(), ...resources.reviews()])
    versions.set(`${kind.version}.${kind.group}`, { group: kind.group, version: kind.version });
  await Promise.all(
    [...versions.values()]
      // Who has the APIServices is asked for them before they are there.
      .filter(({ group }) => group !== APIService.group)
      .map(({ group, version }) =>
        create(parts, atStart, {
          ...{ group, version, groupPriorityMinimum: groupPriority(group) },
          versionPriority: versionPriorities[`${version}.${group}`] ?? usualVersionPriority,
        }),
      ),
  );
  const later = (run: () => Promise<void>) => {
    run().catch((err: unknown) =>
      parts.logger.warn({ err }, 'an APIService of a custom resource is not kept'),
    );
  };
  followObjects<CustomResourceDefinition>(parts.resources, CustomResourceDefinition, {
    set: ({ spec }) => {
      const { group = '', versions } = spec ?? {};
      for (const { name: version, served } of versions ?? [])
        if (served) later(() => create(parts, always, { group, version, ...customPriority }));
    },
    delete: () => later(() => removeUnused(parts)),
  });
}

type Spec = Required<Pick<NonNullable<APIService['spec']>, 'groupPriorityMinimum' | 'versionPriority'>> & {
  readonly group: string;
  readonly version: string;
};

async function create(parts: AggregatorParts, label: string, spec: Spec): Promise<void> {
  const { objects } = parts;
  const name = `${spec.version}.${spec.group}`;
  if (objects.lister(APIService).get('', name) !== undefined) return;
  const { group, ...rest } = spec;
  try {
    await objects.create(APIService, {
      metadata: { name, labels: { [managed]: label } },
      spec: { ...rest, ...(group === '' ? {} : { group }) },
    });
    const condition = {
      type: 'Available',
      ...localAvailability,
      lastTransitionTime: formatTime(parts.now()),
    };
    await objects.changeStatus(APIService, '', name, (service) => ({
      ...service,
      status: { conditions: [condition] },
    }));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Of groups and versions that nobody defines any more. */
async function removeUnused({ objects }: AggregatorParts): Promise<void> {
  const defined = new Set(
    objects
      .lister(CustomResourceDefinition)
      .list()
      .flatMap(({ spec }) => (spec?.versions ?? []).map(({ name }) => `${name}.${spec?.group ?? ''}`)),
  );
  for (const { metadata } of objects.lister(APIService).list()) {
    const isCustom = metadata.labels?.[managed] === always;
    if (isCustom && !defined.has(metadata.name ?? ''))
      await objects.delete(APIService, '', metadata.name ?? '');
  }
}
