/**
 * Stands in for the modules that need Node where a bundler builds for a browser (`browser` in package.json), so that
 * what can't work says so.
 */
export const loadConnection = needsNode('a kubeconfig');
export const copyToContainer = needsNode('copying files');
export const copyFromContainer = needsNode('copying files');
export const forwardOverTunnel = needsNode('port-forward over SPDY');

function needsNode(what: string): () => Promise<never> {
  return async () => {
    throw new Error(`${what} needs Node; in a browser make a Client of a fetchTransport`);
  };
}
