export * from './container/index.js';
export { type Kubelet, type KubeletOptions, startKubelet } from './kubelet/kubelet.js';
export { type Proxy, type ProxyOptions, startProxy } from './proxy/proxy.js';
