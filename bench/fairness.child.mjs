/**
 * Users of a server over TLS, on bare sockets with keep-alive. `greedy` asks on many connections without a pause until
 * told to `stop`, and does not come back later when it is told to; `modest` sends one request at a time with a short pause
 * and gives their milliseconds; `renewals` does so with writes of leases, one after the other in each of the connections
 * that `keep` opened.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';

let stop = () => undefined;

process.once('disconnect', () => process.exit(0));
process.on('message', async ({ command, ...options }) => {
  if (command === 'stop') return stop();
  const result = await { greedy, modest, keep, renewals }[command](options);
  process.send(result);
});

/** A connection that sends one request after the other. */
async function open({ port, tls }) {
  const socket = await new Promise((resolve, reject) => {
    const opened = connect({ host: '127.0.0.1', port, ...tls, servername: 'localhost' }, () =>
      resolve(opened),
    );
    opened.setNoDelay(true);
    opened.once('error', reject);
  });
  let received = Buffer.alloc(0);
  let answered;
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
    if (received.length < end + 4 + length) return;
    received = Buffer.alloc(0);
    answered(Number(head.slice(9, 12)));
  });
  return {
    /** @returns the status of the answer */
    ask: (method, path, body = '') =>
      new Promise((resolve) => {
        answered = resolve;
        const type = `content-type: application/merge-patch+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
        socket.write(
          `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${body === '' ? '' : type}\r\n${body}`,
        );
      }),
    close: () => socket.destroy(),
  };
}

async function greedy({ connections, path, ...server }) {
  const counts = {};
  let running = true;
  stop = () => {
    running = false;
  };
  const opened = await Promise.all(Array.from({ length: connections }, () => open(server)));
  // Counted is what he does in a loop, not that all connections begin at once.
  setTimeout(() => process.send({}), 500);
  await Promise.all(
    opened.map(async (connection) => {
      while (running) {
        const status = await connection.ask('GET', path);
        counts[status] = (counts[status] ?? 0) + 1;
      }
      connection.close();
    }),
  );
  return { counts };
}

async function modest({ durationMs, path, pid, ...server }) {
  const connection = await open(server);
  const times = [];
  const ofServer = [];
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    const before = processorMs(pid);
    times.push(await timed(() => connection.ask('GET', path)));
    ofServer.push(processorMs(pid) - before);
    await delay(2);
  }
  connection.close();
  return { ...summary(times), ofServer: summary(ofServer) };
}

/** What the main thread of a process has run: on a busy machine it runs for less time than passes. */
function processorMs(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
}

let kept = [];

/** Who renews leases has his connection already. */
async function keep({ leases, port }) {
  kept = await Promise.all(
    leases.map(async ({ path, tls }) => ({ path, connection: await open({ port, tls }) })),
  );
  return {};
}

async function renewals({ durationMs, everyMs }) {
  const times = [];
  const end = performance.now() + durationMs;
  await Promise.all(
    kept.map(async ({ path, connection }, index) => {
      // Nodes are not in step.
      await delay((everyMs * index) / kept.length);
      while (performance.now() < end) {
        const renewTime = `${new Date().toISOString().slice(0, -1)}000Z`;
        const patch = JSON.stringify({ spec: { renewTime } });
        times.push(await timed(() => connection.ask('PATCH', path, patch)));
        await delay(everyMs);
      }
    }),
  );
  return summary(times);
}

/** Milliseconds. @throws Error for a refusal */
async function timed(ask) {
  const start = performance.now();
  const status = await ask();
  if (status !== 200) throw new Error(`answered ${status}`);
  return performance.now() - start;
}

function summary(times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)];
  return { count: times.length, p50: at(0.5), p99: at(0.99), longest: times.at(-1) };
}
