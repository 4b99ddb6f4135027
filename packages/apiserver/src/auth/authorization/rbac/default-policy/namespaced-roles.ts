/** Default Roles by `NAMESPACE/NAME`, in the form of {@link defaultClusterRoles}. */
export const defaultRoles: Readonly<Record<string, string>> = {
  'kube-public/system:controller:bootstrap-signer': `
    read configmaps
    update configmaps named cluster-info
    record events
  `,
  'kube-system/extension-apiserver-authentication-reader': `
    read configmaps named extension-apiserver-authentication
  `,
  'kube-system/system::leader-locking-kube-controller-manager': `
    create,get,list,update,watch leases in coordination.k8s.io
    create,get,list,update,watch leasecandidates in coordination.k8s.io
  `,
  'kube-system/system::leader-locking-kube-scheduler': `
    create,get,list,update,watch leases in coordination.k8s.io
    create,get,list,update,watch leasecandidates in coordination.k8s.io
  `,
  'kube-system/system:controller:bootstrap-signer': `
    read secrets
  `,
  'kube-system/system:controller:cloud-provider': `
    create,get,list,watch configmaps
  `,
  'kube-system/system:controller:token-cleaner': `
    delete,get,list,watch secrets
    record events
  `,
};
