import { formatTime, isConflict, isNotFound } from '@kubewright/api';
import { FlowSchema } from '@kubewright/api/flowcontrol/v1';
import type { ObjectStore } from '../registry/write-context.js';

const type = 'Dangling';

/** Whether the schema says already whether its level exists. */
export function saysDangling({ status }: FlowSchema, dangling: boolean): boolean {
  const known = status?.conditions?.find((condition) => condition.type === type);
  return known?.status === (dangling ? 'True' : 'False');
}

/** Writes into the schema's status whether its level exists. */
export async function noteDangling(
  objects: ObjectStore,
  schema: FlowSchema,
  { dangling, now }: { readonly dangling: boolean; readonly now: number },
): Promise<void> {
  const level = schema.spec?.priorityLevelConfiguration.name ?? '';
  const named = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const condition = {
    type,
    status: dangling ? 'True' : 'False',
    reason: dangling ? 'NotFound' : 'Found',
    message: dangling ? `${named} but there is no such object` : `${named} and it exists`,
    lastTransitionTime: formatTime(now),
  };
  try {
    await objects.changeStatus(FlowSchema, '', schema.metadata.name ?? '', (current) => ({
      ...current,
      status: {
        ...current.status,
        conditions: [...(current.status?.conditions ?? []).filter((one) => one.type !== type), condition],
      },
    }));
  } catch (error) {
    // Gone, or written by another server that sees the same.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
