import { PriorityClass } from '@kubewright/api/scheduling/v1';
import { systemPriorities } from '../kinds/cluster-classes.js';
import { createMissing, type StartingServer } from './create-missing.js';

/** Creates what is missing of the classes that pods of the cluster itself name. */
export function bootstrapPriorityClasses(server: StartingServer): Promise<void> {
  return createMissing(
    server,
    PriorityClass,
    [...systemPriorities].map(([name, { value, description }]) => ({
      metadata: { name },
      value,
      description,
    })),
  );
}
