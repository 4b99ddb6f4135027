/**
 * Reads from servers over TLS on bare sockets. `lists` downloads one answer after the other and gives their number a
 * second; `gets` does so with one request at a time and gives each one's milliseconds; `watches` opens connections and
 * counts bytes.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';

let received = 0;

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ command, ...options }) => {
  const result = await { lists, gets, watches, wait }[command](options);
  process.send(result);
});

function open({ port, tls }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...tls, servername: 'localhost' }, () =>
      resolve(socket),
    );
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

const ask = (path) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

async function lists({ durationMs, connections, path, ...server }) {
  let count = 0;
  let running = true;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(server)));
  const start = performance.now();
  for (const socket of sockets) {
    let tail = Buffer.alloc(0);
    let length;
    let got = 0;
    socket.on('data', (chunk) => {
      if (got === 0) length = contentLength(chunk);
      got += chunk.length;
      tail = chunk.length >= 5 ? chunk.subarray(-5) : Buffer.concat([tail, chunk]).subarray(-5);
      if (length === undefined ? tail.toString('latin1') !== '0\r\n\r\n' : got < length) return;
      got = 0;
      count++;
      if (running) socket.write(ask(path));
    });
    socket.write(ask(path));
  }
  await delay(durationMs);
  running = false;
  const perSecond = (count * 1000) / (performance.now() - start);
  for (const socket of sockets) socket.destroy();
  return { perSecond };
}

/** Of head and body; undefined for a chunked answer. */
function contentLength(chunk) {
  const end = chunk.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(chunk.toString('latin1', 0, end))?.[1];
  return length === undefined ? undefined : end + 4 + Number(length);
}

async function gets({ durationMs, path, ...server }) {
  const socket = await open(server);
  const times = [];
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    const start = performance.now();
    await new Promise((resolve) => {
      let got = 0;
      let length;
      const onData = (chunk) => {
        length ??= contentLength(chunk);
        got += chunk.length;
        if (got < length) return;
        socket.off('data', onData);
        resolve();
      };
      socket.on('data', onData);
      socket.write(ask(path));
    });
    times.push(performance.now() - start);
    await delay(2);
  }
  socket.destroy();
  times.sort((a, b) => a - b);
  return {
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
    count: times.length,
  };
}

async function watches({ connections, path, ...server }) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(server)));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve) => {
          socket.once('data', () => {
            received = 0;
            socket.on('data', (chunk) => {
              received += chunk.length;
            });
            resolve();
          });
          socket.write(ask(path));
        }),
    ),
  );
  received = 0;
  return {};
}

/** Until so many bytes are here; gives the milliseconds since the first. */
async function wait({ bytes }) {
  const start = performance.now();
  while (received < bytes) await delay(2);
  received = 0;
  return { ms: performance.now() - start };
}
