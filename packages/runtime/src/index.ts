export * from './container/index.js';
export {
  keepNodeCertificate,
  type NodeCertificate,
  requestNodeCertificate,
} from './kubelet/certificate/node-certificate.js';
export { type Kubelet, type KubeletOptions, startKubelet } from './kubelet/kubelet.js';
export { type ProxyOptions, type ServiceProxy, startProxy } from './proxy/proxy.js';
