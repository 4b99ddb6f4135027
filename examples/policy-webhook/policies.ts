import type { Deployment } from '@kubewright/api/apps/v1';

/** What a Deployment must be like: each policy says what is wrong with one, if anything. Pure, so easy to test. */
export const policies: readonly ((deployment: Deployment) => string | undefined)[] = [
  function hasOwner({ metadata }) {
    return metadata.labels?.owner === undefined ? 'the label `owner` must say whom to ask' : undefined;
  },
  function imagesAreOurs({ spec }) {
    const foreign = spec?.template.spec?.containers.find(
      ({ image }) => !image?.startsWith('registry.example.com/'),
    );
    return foreign && `container ${foreign.name}: images come from registry.example.com only`;
  },
  function memoryIsLimited({ spec }) {
    const greedy = spec?.template.spec?.containers.find(({ resources }) => !resources?.limits?.memory);
    return greedy && `container ${greedy.name}: resources.limits.memory must be set`;
  },
];
