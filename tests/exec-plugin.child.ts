/** Asks for credentials as a program at a terminal does; started there by client-credentials.test.ts. */
import { loadConnection } from '@kubewright/client';

const { token } = await loadConnection({ path: process.argv[2], env: process.env });
console.log(`the token is ${await token?.()}`);
