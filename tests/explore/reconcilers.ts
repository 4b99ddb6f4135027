import { controllerOf, isAlreadyExists, ownerReference } from '@kubewright/api';
import { ConfigMap, Secret } from '@kubewright/api/core/v1';
import {
  addFinalizer,
  hasFinalizer,
  keyOf,
  type Manager,
  OwnWrites,
  type ReconcileContext,
  removeFinalizer,
  updateStatus,
} from '@kubewright/controllers';
import type { Scenario } from '@kubewright/testing';
import {
  finalizer,
  hasParts,
  leavesNoSecret,
  made,
  server,
  undefinedWhenGone,
  Widget,
  widgets,
} from './widget.js';

/** A bug that controllers have, the scenario that it shows in, and the same reconciler without it. */
export interface Lesson {
  readonly bug: string;
  readonly scenario: Scenario;
  readonly broken: (manager: Manager) => void;
  readonly corrected: (manager: Manager) => void;
}

async function widgetOf({ client, signal }: ReconcileContext, name: string): Promise<Widget | undefined> {
  return widgets(client).get(name, { signal }).catch(undefinedWhenGone);
}

function part(
  widget: Widget,
  name: { readonly name: string } | { readonly generateName: string },
): ConfigMap {
  return {
    metadata: {
      ...name,
      namespace: 'default',
      labels: { widget: widget.metadata.name ?? '' },
      ownerReferences: [ownerReference(Widget, widget, true)],
    },
  };
}

async function createOnce({ client, signal }: ReconcileContext, map: ConfigMap): Promise<void> {
  await client
    .resource(ConfigMap)
    .create(map, { signal })
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
}

const forgottenFinalizer: Lesson = {
  bug: 'a finalizer is forgotten',
  scenario: {
    server,
    steps: {
      'makes a widget': (client) => widgets(client).create({ metadata: { name: 'a' }, spec: { parts: 0 } }),
      'deletes the widget': (client) => widgets(client).delete('a'),
    },
    finally: leavesNoSecret,
  },
  broken: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const secrets = context.client.resource(Secret).namespace('kube-public');
      const widget = await widgetOf(context, name);
      // Whoever is not there when the widget goes never learns of it.
      if (widget === undefined) await secrets.delete(name).catch(undefinedWhenGone);
      else await secrets.apply({ metadata: { name } });
      return undefined;
    });
  },
  corrected: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const { client } = context;
      const secrets = client.resource(Secret).namespace('kube-public');
      const widget = await widgetOf(context, name);
      if (widget === undefined) return undefined;
      if (widget.metadata.deletionTimestamp !== undefined) {
        if (!hasFinalizer(widget, finalizer)) return undefined;
        await secrets.delete(name).catch(undefinedWhenGone);
        await removeFinalizer(widgets(client), widget, finalizer);
        return undefined;
      }
      await addFinalizer(widgets(client), widget, finalizer);
      await secrets.apply({ metadata: { name } });
      return undefined;
    });
  },
};

const statusAsTruth: Lesson = {
  bug: 'status is read as truth',
  scenario: { server, steps: made(1), finally: hasParts(1) },
  broken: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const widget = await widgetOf(context, name);
      // What status says was said by somebody who may have ended right after.
      if (widget === undefined || widget.status?.phase === 'Ready') return undefined;
      const ready = await updateStatus(widgets(context.client), widget, { phase: 'Ready' });
      await createOnce(context, part(ready, { name: `${name}-part` }));
      return undefined;
    });
  },
  corrected: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const widget = await widgetOf(context, name);
      if (widget === undefined) return undefined;
      await createOnce(context, part(widget, { name: `${name}-part` }));
      await updateStatus(widgets(context.client), widget, { phase: 'Ready' });
      return undefined;
    });
  },
};

const staleCache: Lesson = {
  bug: 'a stale cache is acted upon',
  scenario: { server, steps: made(2), finally: hasParts(2) },
  broken: (manager) => {
    const parts = manager.informer(ConfigMap, { namespace: 'default' });
    manager
      .controller(Widget)
      .owns(ConfigMap, { namespace: 'default' })
      .reconcile(async ({ name }, context) => {
        const widget = await widgetOf(context, name);
        if (widget === undefined) return undefined;
        // What was created a moment ago may not be in the cache yet.
        const owned = parts.list().filter((map) => controllerOf(map)?.uid === widget.metadata.uid);
        for (let count = owned.length; count < widget.spec.parts; count++)
          await context.client.resource(ConfigMap).create(part(widget, { generateName: `${name}-` }));
        await updateStatus(widgets(context.client), widget, { phase: 'Ready' });
        return undefined;
      });
  },
  corrected: (manager) => {
    const parts = manager.informer(ConfigMap, { namespace: 'default' });
    const own = new OwnWrites(parts, manager);
    /** Widgets with a create of which nobody knows whether it happened. */
    const uncertain = new Set<string>();
    manager
      .controller(Widget)
      .owns(ConfigMap, { namespace: 'default' })
      .reconcile(async (key, context) => {
        const { client } = context;
        const widget = await widgetOf(context, key.name);
        if (widget === undefined) return undefined;
        if (uncertain.has(keyOf(key))) {
          // The server knows what happened; the cache has to show all of it before anything is counted.
          for (const map of (await client.resource(ConfigMap).namespace('default').list()).items)
            if (controllerOf(map)?.uid === widget.metadata.uid) own.stored(keyOf(key), map);
          uncertain.delete(keyOf(key));
        }
        if (!own.seen(keyOf(key))) return { requeueAfterMs: 100 };
        const owned = parts.list().filter((map) => controllerOf(map)?.uid === widget.metadata.uid);
        for (let count = owned.length; count < widget.spec.parts; count++)
          try {
            const map = part(widget, { generateName: `${key.name}-` });
            own.stored(keyOf(key), await client.resource(ConfigMap).create(map));
          } catch (error) {
            uncertain.add(keyOf(key));
            throw error;
          }
        for (const map of owned.slice(widget.spec.parts)) {
          await client
            .resource(ConfigMap)
            .namespace('default')
            .delete(map.metadata.name ?? '')
            .catch(undefinedWhenGone);
          own.deleted(keyOf(key), map);
        }
        await updateStatus(widgets(client), widget, { phase: 'Ready' });
        return undefined;
      });
  },
};

const repeatedCreate: Lesson = {
  bug: 'a create is not idempotent',
  scenario: { server, steps: made(1), finally: hasParts(1) },
  broken: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const widget = await widgetOf(context, name);
      if (widget === undefined || widget.status?.part !== undefined) return undefined;
      // Between this and the next write nobody but this process knows the name.
      const map = await context.client.resource(ConfigMap).create(part(widget, { generateName: `${name}-` }));
      await updateStatus(widgets(context.client), widget, { part: map.metadata.name ?? '' });
      return undefined;
    });
  },
  corrected: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const widget = await widgetOf(context, name);
      if (widget === undefined || widget.status?.part !== undefined) return undefined;
      await createOnce(context, part(widget, { name: `${name}-part` }));
      await updateStatus(widgets(context.client), widget, { part: `${name}-part` });
      return undefined;
    });
  },
};

const lostRequeue: Lesson = {
  bug: 'a requeue is lost',
  scenario: { server, steps: made(1), finally: hasParts(1) },
  broken: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const widget = await widgetOf(context, name);
      if (widget === undefined) return undefined;
      try {
        await createOnce(context, part(widget, { name: `${name}-part` }));
      } catch (error) {
        // Said and forgotten: nothing brings this widget back.
        context.logger.warn({ err: error }, 'the part could not be made');
      }
      return undefined;
    });
  },
  corrected: (manager) => {
    manager.controller(Widget).reconcile(async ({ name }, context) => {
      const widget = await widgetOf(context, name);
      if (widget !== undefined) await createOnce(context, part(widget, { name: `${name}-part` }));
      return undefined;
    });
  },
};

export const lessons: readonly Lesson[] = [
  forgottenFinalizer,
  statusAsTruth,
  staleCache,
  repeatedCreate,
  lostRequeue,
];
