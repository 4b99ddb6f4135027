import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PkiDirectory } from '@kubewright/apiserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { following, Kubectl, kubectlPath } from '../kubectl.js';
import { type RawAnswer, startTlsServer, type TlsServer } from '../tls-server.js';

/** Addresses of this machine that stand for those of a node's pods, and of the node itself. */
const podIP = '127.77.1.2';
const nodeIP = '127.77.1.1';

let server: TlsServer;
let pki: PkiDirectory;
let backend: Server;
let port: number;
let kubelet: Server;
const pods = '/api/v1/namespaces/default/pods';
const services = '/api/v1/namespaces/default/services';

/** Says what it was asked; some paths answer otherwise. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/moved') {
    response.writeHead(302, { location: '/elsewhere/', 'access-control-allow-origin': '*' }).end();
    return;
  }
  if (request.url === '/teapot') {
    response.writeHead(418, { 'content-type': 'text/x-tea', 'x-kettle': 'on' }).end('short and stout');
    return;
  }
  if (request.url === '/page/') {
    const headers = { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip' };
    response.writeHead(200, headers).end(gzipSync('<p>über <a href="/a">a</a> <a href="b">b</a>'));
    return;
  }
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  request.on('end', () => {
    const { method, url, headers } = request;
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ method, url, headers, length }));
  });
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly length: number;
}

beforeAll(async () => {
  backend = createServer(answer);
  const sockets = new WebSocketServer({ server: backend });
  sockets.on('connection', (socket, { url, headers }) => {
    socket.send(JSON.stringify({ url, headers }));
    socket.on('message', (data) => socket.send(`echo ${String(data)}`));
  });
  await once(backend.listen(0, podIP), 'listening');
  ({ port } = backend.address() as AddressInfo);
  const credentials = { certificate: '', key: '', ca: '' };
  server = await startTlsServer({
    kubelet: credentials,
    serviceRanges: {
      clusterIPs: ['10.96.0.0/16'],
      nodePorts: { from: 30_000, to: 32_767 },
      loopbackEndpoints: ['127.0.0.1/32', '127.77.0.0/16'],
    },
  });
  pki = await PkiDirectory.open(join(server.directory, 'pki'));
  const client = await pki.client('to-kubelets', { user: 'kube-apiserver-kubelet-client', groups: [] });
  Object.assign(credentials, client, { ca: pki.authority.certificate });
  const { certificate: cert, key } = await pki.server('kubelet', 'system:node:n1', [nodeIP]);
  const options = { cert, key, ca: pki.authority.certificate, requestCert: true };
  kubelet = createSecureServer(options, answer);
  await once(kubelet.listen(0, nodeIP), 'listening');

  await create('/api/v1/nodes', {
    metadata: { name: 'n1' },
    spec: { podCIDRs: ['127.77.1.0/24'] },
    status: {
      addresses: [{ type: 'InternalIP', address: nodeIP }],
      daemonEndpoints: { kubeletEndpoint: { Port: (kubelet.address() as AddressInfo).port } },
    },
  });
  await createPod('web', podIP);
  await create(services, {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: port }] },
  });
  await createEndpoints('web', [{ ip: podIP, pod: 'web' }]);
});

afterAll(async () => {
  await server.close();
  for (const each of [backend, kubelet]) {
    each.closeAllConnections();
    each.close();
  }
});

async function create(path: string, body: object): Promise<void> {
  const { code, text } = await server.send({ method: 'POST', path, body });
  if (code !== 201) throw new Error(text);
}

async function createPod(name: string, ip: string, spec: object = {}): Promise<void> {
  const containers = [{ name: 'main', image: 'none', ports: [{ containerPort: port }] }];
  await create(pods, { metadata: { name }, spec: { nodeName: 'n1', containers, ...spec } });
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }] };
  const headers = { 'content-type': 'application/merge-patch+json' };
  const patch = { method: 'PATCH', path: `${pods}/${name}/status`, headers, body: { status } };
  const { code, text } = await server.send(patch);
  if (code !== 200) throw new Error(text);
}

function createEndpoints(name: string, addresses: { ip: string; pod?: string }[]): Promise<void> {
  const subset = {
    addresses: addresses.map(({ ip, pod }) => ({
      ip,
      ...(pod === undefined ? {} : { targetRef: { kind: 'Pod', namespace: 'default', name: pod } }),
    })),
    ports: [{ name: 'http', port }],
  };
  return create('/api/v1/namespaces/default/endpoints', { metadata: { name }, subsets: [subset] });
}

const get = (path: string): Promise<RawAnswer> => server.send({ path });

describe('a request', () => {
  it.each([
    ['pods/web', '/a/b?x=1&y=%2F', '/a/b?x=1&y=%2F'],
    ['pods/http:web:PORT', '/a%2fb/', '/a%2fb/'],
    ['services/web:80', '/', '/'],
    ['services/web:http', '/a/../../b', '/b'],
    ['services/http:web:http', '/a', '/a'],
  ])('through %s to %s arrives as %s', async (place, path, arrived) => {
    const { code, json } = await get(
      `/api/v1/namespaces/default/${place.replace('PORT', String(port))}/proxy${path}`,
    );
    expect(code).toBe(200);
    expect(json<Asked>()).toMatchObject({ method: 'GET', url: arrived });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'of method %s takes its body along, longer than objects may be',
    async (method) => {
      const body = Buffer.alloc(5_000_000, 'x');
      const { code, json } = await server.send({ method, path: `${pods}/web/proxy/upload`, body });
      expect(code).toBe(200);
      expect(json<Asked>()).toMatchObject({ method, url: '/upload', length: 5_000_000 });
    },
  );

  it('leaves credentials and who somebody says that he is behind', async () => {
    const { json } = await server.send({
      path: `${pods}/web/proxy/`,
      headers: {
        authorization: 'Basic c2VjcmV0',
        'x-remote-user': 'root',
        cookie: 'session=1',
        'x-own': 'passed',
        'keep-alive': 'timeout=1',
      },
    });
    const { headers } = json<Asked>();
    expect(headers).toMatchObject({ 'x-own': 'passed', cookie: 'session=1', 'x-forwarded-for': '127.0.0.1' });
    expect(headers['x-forwarded-uri']).toBe(`${pods}/web/proxy/`);
    for (const name of ['authorization', 'x-remote-user', 'keep-alive'])
      expect(headers).not.toHaveProperty(name);
  });

  it('gets status, headers and body as they are', async () => {
    const { code, headers, text } = await get(`${pods}/web/proxy/teapot`);
    expect({ code, text }).toEqual({ code: 418, text: 'short and stout' });
    expect(headers).toMatchObject({ 'content-type': 'text/x-tea', 'x-kettle': 'on' });
  });

  it('is led back through the proxy by a redirect, and no other origin may read it', async () => {
    const { code, headers } = await get(`${pods}/web/proxy/moved`);
    expect({ code, location: headers.location }).toEqual({
      code: 302,
      location: `${pods}/web/proxy/elsewhere/`,
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('for a page gets one whose links lead through the proxy', async () => {
    const { headers, text } = await get(`${pods}/web/proxy/page/`);
    expect(text).toBe(`<p>über <a href="${pods}/web/proxy/a">a</a> <a href="b">b</a>`);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers).not.toHaveProperty('content-encoding');
  });

  it('to the proxy itself is sent to its root', async () => {
    const { code, headers } = await get(`${pods}/web/proxy?a=b`);
    expect({ code, location: headers.location }).toEqual({ code: 301, location: `${pods}/web/proxy/?a=b` });
  });

  it('through a node reaches its kubelet with the certificate of the server', async () => {
    const { code, json } = await get('/api/v1/nodes/n1/proxy/metrics');
    expect(code).toBe(200);
    expect(json<Asked>().url).toBe('/metrics');
  });

  it('that nobody answers is 503', async () => {
    const { code, json } = await get('/api/v1/nodes/n1:1/proxy/');
    expect(code).toBe(503);
    expect(json()).toMatchObject({
      reason: 'ServiceUnavailable',
      message: `error trying to reach service: connect ECONNREFUSED ${nodeIP}:1`,
    });
  });
});

describe('an upgrade', () => {
  it.each(['pods/web', 'services/web:http'])('through %s joins both sides', async (place) => {
    const socket = new WebSocket(
      `wss://localhost:${server.port}/api/v1/namespaces/default/${place}/proxy/ws?x=1`,
      ['chat'],
      {
        cert: server.admin.certificate,
        key: server.admin.key,
        ca: server.ca,
      },
    );
    const messages: string[] = [];
    const got = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => messages.length >= count && resolve();
        socket.on('message', (data) => {
          messages.push(String(data));
          look();
        });
        look();
      });
    const both = got(2);
    await once(socket, 'open');
    socket.send('hello');
    await both;
    expect(JSON.parse(messages[0] ?? '')).toMatchObject({
      url: '/ws?x=1',
      headers: { 'sec-websocket-protocol': 'chat' },
    });
    expect(messages[1]).toBe('echo hello');
    socket.terminate();
  });
});

describe('an address', () => {
  it.each(['127.0.0.1', '169.254.169.254', '127.77.2.2', '10.1.2.3', '0.0.0.0'])(
    'that the kubelet of the pod can not have given it is refused: %s',
    async (ip) => {
      const name = `liar-${ip.replaceAll('.', '-')}`;
      await createPod(name, ip);
      const { code, json } = await get(`${pods}/${name}:${port}/proxy/`);
      expect(code).toBe(400);
      expect(json().message).toBe('address not allowed');
    },
  );

  it('of the node is for pods in its network only', async () => {
    await createPod('host', nodeIP, { hostNetwork: true });
    await createPod('not-host', podIP, { hostNetwork: true });
    const { code } = await get(`${pods}/https:host:${(kubelet.address() as AddressInfo).port}/proxy/`);
    // The kubelet gets no certificate there.
    expect(code).toBe(503);
    expect((await get(`${pods}/not-host:${port}/proxy/`)).code).toBe(400);
  });

  it('of endpoints that is of no pod of the namespace is not gone to', async () => {
    for (const [name, addresses] of Object.entries({
      bare: [{ ip: podIP }],
      stranger: [{ ip: '127.77.1.9', pod: 'web' }],
      nobody: [{ ip: podIP, pod: 'nobody' }],
    })) {
      await createEndpoints(name, addresses);
      const { code, json } = await get(`${services}/${name}:http/proxy/`);
      expect(code).toBe(503);
      expect(json().message).toBe(`no endpoints available for service "${name}:http"`);
    }
  });
});

describe('a name', () => {
  it.each([
    [`${pods}/ftp:web:1/proxy/`, 400, 'invalid pod request "ftp:web:1"'],
    [`${services}/a:b:c:d/proxy/`, 400, 'invalid service request "a:b:c:d"'],
    ['/api/v1/nodes/x:n1:1/proxy/', 400, 'invalid node request "x:n1:1"'],
    [`${pods}/none/proxy/`, 404, 'pods "none" not found'],
    [`${services}/none:80/proxy/`, 404, 'services "none" not found'],
    [`${services}/none/proxy/`, 404, 'endpoints "none" not found'],
    [`${services}/web:81/proxy/`, 503, 'no service port 81 found for service "web"'],
    [`${services}/web:other/proxy/`, 503, 'no endpoints available for service "web:other"'],
    ['/api/v1/nodes/none/proxy/', 404, 'nodes "none" not found'],
  ])('%s is answered %i', async (path, status, message) => {
    const { code, json } = await get(path);
    expect({ code, message: json().message }).toEqual({ code: status, message });
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('get --raw goes through, and kubectl proxy too', async () => {
    const kubectl = new Kubectl(server.kubeconfig);
    const raw = await kubectl.ok(['get', '--raw', `${services}/http:web:http/proxy/page?x=1`]);
    expect(JSON.parse(raw)).toMatchObject({ url: '/page?x=1' });
    const child = kubectl.start('proxy --port=0');
    const said = following(child);
    while (!said.text().includes('Starting to serve on')) await once(child.stdout ?? child, 'data');
    const at = Number(/:(\d+)/.exec(said.text().slice(said.text().indexOf('serve on')))?.[1]);
    const socket = connectPlain(at, '127.0.0.1');
    socket.write(
      `GET ${services}/web:80/proxy/through HTTP/1.1\r\nhost: 127.0.0.1:${at}\r\nconnection: close\r\n\r\n`,
    );
    let answered = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) answered += chunk.toString();
    expect(answered).toMatch(/^HTTP\/1.1 200 /);
    expect(answered).toContain('"url":"/through"');
    kubectl.close();
  });
});
