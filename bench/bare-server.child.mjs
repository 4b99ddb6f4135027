/**
 * What the API server is held against: a bare `node:https` server with the same bytes. `/list` streams them, any other
 * path is a watch whose connections get what `send` says, joined into one write a round.
 */
import { createServer } from 'node:https';

process.once('disconnect', () => process.exit(0));
process.once('message', ({ pki, body, eventBytes }) => {
  const watchers = new Set();
  const bytes = Buffer.from(body, 'base64');
  const options = { cert: pki.serving.certificate, key: pki.serving.key, ca: pki.ca, minVersion: 'TLSv1.2' };
  const server = createServer(
    { ...options, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (request.url === '/list') stream(response, bytes);
      else {
        response.flushHeaders();
        watchers.add(response);
        response.once('close', () => watchers.delete(response));
      }
    },
  );
  process.on('message', async ({ touch: { rounds, perRound } }) => {
    const joined = Buffer.alloc(eventBytes * perRound, 'x');
    for (let round = 0; round < rounds; round++) {
      for (const response of watchers) if (!response.write(joined)) await drained(response);
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.send({});
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});

async function stream(response, bytes) {
  for (let at = 0; at < bytes.length; at += 1 << 18) {
    if (!response.write(bytes.subarray(at, at + (1 << 18)))) await drained(response);
  }
  response.end();
}

function drained(response) {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
