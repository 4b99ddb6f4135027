import { isAlreadyExists } from '@kubewright/api';
import { PriorityClass } from '@kubewright/api/scheduling/v1';
import { systemPriorities } from '../kinds/cluster-classes.js';
import type { ObjectStore } from '../registry/write-context.js';

/** Creates what is missing of the classes that pods of the cluster itself name. */
export async function bootstrapPriorityClasses(objects: ObjectStore): Promise<void> {
  await Promise.all(
    [...systemPriorities].map(async ([name, { value, description }]) => {
      if ((await objects.get(PriorityClass, '', name)) !== undefined) return;
      try {
        await objects.create(PriorityClass, { metadata: { name }, value, description });
      } catch (error) {
        // Another server of the same store was quicker.
        if (!isAlreadyExists(error)) throw error;
      }
    }),
  );
}
