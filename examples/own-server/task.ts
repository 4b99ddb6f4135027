import { setTimeout as after } from 'node:timers/promises';
import { badRequest, defineKind, type ObjectOf } from '@kubewright/api';
import { forbiddenField, kindRules, path, refusal } from '@kubewright/apiserver';
import { Type } from 'typebox';

export const Task = defineKind({
  group: 'tasks.example.dev',
  version: 'v1',
  kind: 'Task',
  shortNames: ['tk'],
  subresources: { status: true, own: { approve: {}, progress: { connect: true } } },
  schema: Type.Object({
    spec: Type.Object({
      title: Type.String({ minLength: 1, maxLength: 80 }),
      priority: Type.Optional(
        Type.Union([Type.Literal('low'), Type.Literal('normal'), Type.Literal('high')], {
          default: 'normal',
        }),
      ),
      slug: Type.Optional(Type.String()),
      owner: Type.Optional(Type.String()),
    }),
    status: Type.Optional(Type.Object({ approvedBy: Type.Optional(Type.String()) })),
  }),
});
export type Task = ObjectOf<typeof Task>;

/** What the server does besides what the schema says. */
export const taskRules = kindRules(Task, {
  // Computed defaults: from the object, and from who writes it.
  prepareForCreate(task, { user }) {
    task.spec.slug ??= task.spec.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    task.spec.owner = user.name;
  },
  // Rules of update.
  validateUpdate: (task, old) =>
    task.spec.owner === old.spec.owner
      ? []
      : [forbiddenField(path('spec', 'owner'), 'a task stays with whom it was made by')],
  // Rules of delete.
  validateDelete: (task) =>
    task.status?.approvedBy === undefined
      ? []
      : [forbiddenField(path('status', 'approvedBy'), 'what is approved stays')],
  // Admission of this kind alone: of who asks, and of what is there besides the object.
  admission: [
    {
      name: 'UrgentTasks',
      handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
      validate(request) {
        const isUrgent = request.object?.spec.priority === 'high';
        if (isUrgent && !request.user.groups.includes('system:masters'))
          throw refusal(request, 'only masters say what is urgent');
      },
    },
  ],
  columns: [
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      description: '',
      priority: 0,
      cell: ({ metadata }) => metadata.name ?? '',
    },
    { name: 'Title', type: 'string', description: '', priority: 0, cell: ({ spec }) => spec.title },
    {
      name: 'Approved By',
      type: 'string',
      description: '',
      priority: 0,
      cell: ({ status }) => status?.approvedBy ?? '',
    },
  ],
  subresources: {
    // POST …/tasks/NAME/approve
    approve: {
      body: Task,
      create: (_body, { user, update }) =>
        update((task) => {
          if (task.status?.approvedBy !== undefined) throw badRequest('it is approved already');
          return { ...task, status: { approvedBy: user.name } };
        }),
    },
    // GET …/tasks/NAME/progress: a line as often as there is something to say.
    progress: {
      async serve({ spec }, { query, open, signal }) {
        const stream = open(200, 'text/plain');
        for (let step = 1; step <= Number(query.get('steps') ?? 3) && !signal.aborted; step++) {
          stream.write(`${spec.title}: step ${step}\n`);
          await after(1);
        }
        stream.end();
      },
    },
  },
});
