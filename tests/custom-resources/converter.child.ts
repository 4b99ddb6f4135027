import { createServer } from 'node:https';

/**
 * A conversion webhook in a process of its own: `spec.host` and `spec.port` of v1 are `spec.address` of v2. What it
 * does instead is asked for in the annotation `misbehave`. Prints its port.
 */
const [certificate = '', key = ''] = [process.env.CERTIFICATE, process.env.KEY];

interface Converted {
  apiVersion: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: { host?: string; port?: number; address?: string };
}

const server = createServer({ cert: certificate, key }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString());
    const { uid, desiredAPIVersion, objects } = review.request as {
      uid: string;
      desiredAPIVersion: string;
      objects: Converted[];
    };
    const misbehaves = new Set(objects.map(({ metadata }) => metadata.annotations?.misbehave));
    if (misbehaves.has('hang')) return;
    response.setHeader('content-type', 'application/json');
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
    const good = { uid, result: { status: 'Success' }, convertedObjects };
    const answer = { apiVersion: review.apiVersion, kind: review.kind, response: good };
    const how = [...misbehaves].find((one) => one !== undefined) ?? '';
    const told = how in answers ? answers[how]?.(answer) : answer;
    response.statusCode = how === 'fail' ? 500 : how === 'move' ? 302 : 200;
    if (how === 'move') response.setHeader('location', '/elsewhere');
    response.end(typeof told === 'string' ? told : JSON.stringify(told));
  });
});

interface Answer {
  readonly response: { readonly convertedObjects: readonly unknown[] };
}

/** What is answered in place of what is right. */
const answers: Readonly<Record<string, (answer: Answer) => unknown>> = {
  rubbish: () => '<html>',
  refuse: (answer) => responding(answer, { result: { status: 'Failure', message: 'not today' } }),
  'refuse-silently': (answer) => responding(answer, { result: { status: 'Failure' } }),
  'no-result': (answer) => responding(answer, { result: undefined }),
  'other-uid': (answer) => responding(answer, { uid: 'another' }),
  lose: (answer) => responding(answer, { convertedObjects: [] }),
  double: (answer) => {
    const { convertedObjects } = answer.response;
    return responding(answer, { convertedObjects: [...convertedObjects, ...convertedObjects] });
  },
  'no-response': (answer) => ({ ...answer, response: undefined }),
  'other-review': (answer) => ({ ...answer, kind: 'AdmissionReview' }),
};

function responding(answer: Answer, changed: object): object {
  return { ...answer, response: { ...answer.response, ...changed } };
}

/** What is made of an object in place of what is right. */
const wrongs: Readonly<Record<string, (object: Converted) => unknown>> = {
  rename: (object) => ({ ...object, metadata: { ...object.metadata, name: 'other' } }),
  'other-kind': (object) => ({ ...object, kind: 'Other' }),
  'other-version': (object) => ({ ...object, apiVersion: 'stable.example.com/v9' }),
  'no-metadata': ({ metadata: _, ...object }) => object,
  'text-for-metadata': (object) => ({ ...object, metadata: 'x' }),
  'move-namespace': (object) => ({ ...object, metadata: { ...object.metadata, namespace: 'elsewhere' } }),
  'change-uid': (object) => ({ ...object, metadata: { ...object.metadata, uid: 'mine' } }),
  'bad-label': (object) => ({ ...object, metadata: { ...object.metadata, labels: { 'a b': 'c' } } }),
  'number-label': (object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 1 } } }),
  'text-for-labels': (object) => ({ ...object, metadata: { ...object.metadata, labels: 'x' } }),
  'bad-annotation': (object) => ({
    ...object,
    metadata: { ...object.metadata, annotations: { 'a b': 'c' } },
  }),
  'text-for-object': () => 'x',
  'more-metadata': (object) => ({
    ...object,
    metadata: { ...object.metadata, finalizers: ['a.b/c'], generation: 9, creationTimestamp: null },
  }),
};

function convert(object: Converted, apiVersion: string): unknown {
  const made = madeOf(object, apiVersion);
  return wrongs[object.metadata.annotations?.misbehave ?? '']?.(made) ?? made;
}

function madeOf(object: Converted, apiVersion: string): Converted {
  const { host = '', port = 0, address = ':0' } = object.spec ?? {};
  const [first = '', second = '0'] = address.split(':');
  const spec = apiVersion.endsWith('/v2')
    ? { address: `${host}:${port}` }
    : { host: first, port: Number(second) };
  const shown = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const metadata = { ...object.metadata, labels: { ...object.metadata.labels, converted: 'yes', shown } };
  return { ...object, apiVersion, metadata, spec };
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
