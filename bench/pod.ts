/** The JSON of a pod of about 3 KB as a controller makes one, with the name `NAME` where none is given. */
export function podJson(name = 'NAME'): string {
  const container = (index: number) => ({
    name: `container-${index}`,
    image: `registry.example.dev/team/service-${index}:1.2.3`,
    command: ['/bin/service', '--listen=:8080', `--shard=${index}`],
    ports: [{ name: `http-${index}`, containerPort: 8080 + index, protocol: 'TCP' }],
    env: Array.from({ length: 8 }, (_, n) => ({ name: `SETTING_${n}`, value: `value of setting ${n}` })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: `http-${index}` }, periodSeconds: 10 },
    volumeMounts: [{ name: 'settings', mountPath: '/etc/service' }],
    terminationMessagePath: '/dev/termination-log',
    imagePullPolicy: 'IfNotPresent',
  });
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: 'service', tier: 'backend', 'pod-template-hash': '84f578755b' },
      annotations: { 'example.dev/owner': 'team', 'example.dev/notes': 'x'.repeat(200) },
    },
    spec: {
      containers: [container(0), container(1), container(2)],
      volumes: [{ name: 'settings', configMap: { name: 'settings', optional: true } }],
      terminationGracePeriodSeconds: 30,
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      // Both, so that admission adds nothing and an apply of the same pod changes nothing.
      tolerations: ['not-ready', 'unreachable'].map((condition) => ({
        key: `node.kubernetes.io/${condition}`,
        operator: 'Exists',
        effect: 'NoExecute',
      })),
    },
  });
}
