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
    if (misbehaves.has('rubbish')) {
      response.end('<html>');
      return;
    }
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
    const answered = misbehaves.has('other-uid') ? 'another' : uid;
    const result = misbehaves.has('refuse')
      ? { status: 'Failure', message: 'not today' }
      : { status: 'Success' };
    response.end(
      JSON.stringify({
        apiVersion: review.apiVersion,
        kind: review.kind,
        response: { uid: answered, result, convertedObjects: misbehaves.has('lose') ? [] : convertedObjects },
      }),
    );
  });
});

function convert(object: Converted, apiVersion: string): Converted {
  const { host = '', port = 0, address = ':0' } = object.spec ?? {};
  const [first = '', second = '0'] = address.split(':');
  const spec = apiVersion.endsWith('/v2')
    ? { address: `${host}:${port}` }
    : { host: first, port: Number(second) };
  const metadata = { ...object.metadata, labels: { ...object.metadata.labels, converted: 'yes' } };
  if (metadata.annotations?.misbehave === 'rename') metadata.name = 'other';
  return { ...object, apiVersion, metadata, spec };
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
});
