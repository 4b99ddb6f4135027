import { ComponentStatus } from '@kubewright/api/core/v1';
import { failureOf, type HealthCheck } from '../health/health-check.js';
import { nameColumn, text } from './columns.js';
import { defineRules, type KindRules } from './kind-rules.js';

const healthy = (status: ComponentStatus) => status.conditions?.find(({ type }) => type === 'Healthy');

/** How the parts that this server depends on do: made when somebody asks, and stored nowhere. */
export function componentStatusRules(checks: readonly HealthCheck[]): KindRules<ComponentStatus> {
  return defineRules<ComponentStatus>({
    kind: ComponentStatus,
    deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
    source: {
      get: async (_namespace, name) => {
        const check = checks.find((one) => one.name === name);
        return check && statusOf(check);
      },
      list: () => Promise.all(checks.map(statusOf)),
    },
    columns: [
      nameColumn,
      text('Status', 'Healthy, Unhealthy or Unknown.', (status) => state(healthy(status)?.status)),
      text('Message', 'What the component says.', (status) => healthy(status)?.message ?? ''),
      text('Error', 'Why it could not be asked.', (status) => healthy(status)?.error ?? ''),
    ],
  });
}

function state(condition: string | undefined): string {
  if (condition === 'True') return 'Healthy';
  return condition === 'False' ? 'Unhealthy' : 'Unknown';
}

async function statusOf(check: HealthCheck): Promise<ComponentStatus> {
  const failure = await failureOf(check);
  const condition =
    failure === undefined ? { status: 'True', message: 'ok' } : { status: 'False', message: failure.message };
  return { metadata: { name: check.name }, conditions: [{ type: 'Healthy', ...condition }] };
}
