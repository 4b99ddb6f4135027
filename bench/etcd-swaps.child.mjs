/**
 * Compare-and-swaps of etcd in a process of its own, with what a program in Node would take: `@grpc/grpc-js`, one
 * connection, a transaction for each. Answers each message with how many were made in a second.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { compareModRevision, methods } from '../packages/apiserver/dist/storage/etcd/etcd-messages.js';

process.once('disconnect', () => process.exit(0));
process.once('message', ({ endpoint, value: text, inFlight }) => {
  const client = new Client(new URL(endpoint).host, credentials.createInsecure());
  const { path, request, response } = methods.txn;
  const value = Buffer.from(text);
  let count = 0;
  const swap = () =>
    new Promise((resolve, reject) => {
      const key = Buffer.from(`/bare/${count++}`);
      const transaction = {
        compare: [{ target: compareModRevision, key, modRevision: 0 }],
        success: [{ put: { key, value } }],
        failure: [{ range: { key } }],
      };
      client.makeUnaryRequest(path, request.encode, response.decode, transaction, (error, answer) => {
        if (answer?.succeeded) resolve();
        else reject(error ?? new Error('a key of the bench was there before'));
      });
    });
  process.on('message', async ({ durationMs }) => {
    const before = count;
    const end = performance.now() + durationMs;
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        while (performance.now() < end) await swap();
      }),
    );
    process.send(((count - before) * 1000) / durationMs);
  });
  process.send({});
});
