import type { WebSocket } from 'ws';

/** How often the other side is asked whether it is there, and how many answers may be missing. */
const pingMs = 15_000;
const missedPings = 3;

/**
 * Pings the other side of a WebSocket and breaks the connection off when it no longer answers: an exec that is silent
 * for hours looks like a half-open connection, and proxies close what is silent for minutes.
 */
export function keepAlive(socket: WebSocket, intervalMs = pingMs): void {
  let missed = 0;
  const heard = () => {
    missed = 0;
  };
  const timer = setInterval(() => {
    // While our own reader is slow, answers wait in the socket.
    if (socket.isPaused) return;
    if (missed >= missedPings) {
      socket.terminate();
      return;
    }
    missed++;
    socket.ping();
  }, intervalMs);
  // The connection keeps the process alive, not its pings.
  timer.unref();
  socket.on('pong', heard);
  socket.on('message', heard);
  socket.once('close', () => clearInterval(timer));
}
