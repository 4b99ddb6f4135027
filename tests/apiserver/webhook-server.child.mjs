// A webhook in a process of its own: `node webhook-server.child.mjs CERTIFICATE KEY`. What it does hangs on the path;
// it says its port on standard output, and answers a GET with the path and the AdmissionReview of each call since the last.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [, , certificate, key] = process.argv;
let seen = [];
const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (request, response) => {
    if (request.method === 'GET') {
      response.end(JSON.stringify(seen));
      seen = [];
      return;
    }
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const path = new URL(request.url, 'https://localhost').pathname;
      const review = JSON.parse(Buffer.concat(chunks).toString());
      seen.push({ path, review, authorization: request.headers.authorization });
      const { uid } = review.request;
      const send = (answer, body) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          body ?? JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, response: answer }),
        );
      };
      const patch = (operations) =>
        send({
          uid,
          allowed: true,
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
        });
      const count = Number(review.request.object?.metadata?.annotations?.count ?? 0) + 1;
      const answers = {
        '/allow': () =>
          send({ uid, allowed: true, warnings: ['careful'], auditAnnotations: { seen: 'yes' } }),
        '/deny': () => send({ uid, allowed: false, status: { message: 'not this one', code: 403 } }),
        '/silent': () => send({ uid, allowed: false }),
        '/label': () => patch([{ op: 'add', path: '/metadata/labels', value: { patched: 'yes' } }]),
        '/count': () =>
          patch([{ op: 'add', path: '/metadata/annotations', value: { count: String(count) } }]),
        '/replicas': () => patch([{ op: 'replace', path: '/spec/replicas', value: 2 }]),
        '/scribble': () => send({ uid, allowed: true, patchType: 'JSONPatch', patch: 'bm8gcGF0Y2g=' }),
        '/nonsense': () => patch([{ op: 'remove', path: '/data/none' }]),
        '/becomes-another-kind': () => patch([{ op: 'replace', path: '/kind', value: 'Secret' }]),
        '/goes-elsewhere': () =>
          patch([{ op: 'replace', path: '/metadata/namespace', value: 'kube-system' }]),
        '/types': () => send({ uid, allowed: 'yes' }),
        '/status': () => {
          response.writeHead(403, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', message: 'not you', code: 403 }));
        },
        '/later': () => {
          if (seen.filter((one) => one.path === path).length > 1) send({ uid, allowed: true });
          else {
            response.writeHead(429, { 'retry-after': '0' });
            response.end();
          }
        },
        '/cut': () => {
          response.writeHead(200, { 'content-length': 100 });
          response.write('{');
          setTimeout(() => response.destroy(), 20);
        },
        '/nothing': () => send(undefined, ''),
        '/hang': () => undefined,
        '/rubbish': () => send(undefined, '<html>'),
        '/empty': () => send(undefined),
        '/stranger': () => send({ uid: 'other', allowed: true }),
        '/huge': () => send(undefined, `"${'x'.repeat(5_000_000)}"`),
        '/redirect': () => {
          response.writeHead(307, { location: '/allow' });
          response.end();
        },
        '/broken': () => {
          response.writeHead(500);
          response.end('no luck');
        },
      };
      answers[path]();
    });
  },
);
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit()).resume();
