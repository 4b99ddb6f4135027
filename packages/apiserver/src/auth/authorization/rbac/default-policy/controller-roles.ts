/**
 * What each of upstream's controllers may do, by the name of its service account in `kube-system`: the ClusterRoles
 * `system:controller:NAME`. In the form of {@link defaultClusterRoles}.
 */
export const controllerRoles: Readonly<Record<string, string>> = {
  'attachdetach-controller': `
    list,watch persistentvolumeclaims,persistentvolumes
    read nodes
    patch,update nodes/status
    list,watch pods
    record events
    create,delete,get,list,watch volumeattachments in storage.k8s.io
    read csidrivers in storage.k8s.io
    read csinodes in storage.k8s.io
  `,
  'certificate-controller': `
    delete,get,list,watch certificatesigningrequests in certificates.k8s.io
    update certificatesigningrequests/approval,certificatesigningrequests/status in certificates.k8s.io
    approve signers in certificates.k8s.io named kubernetes.io/kube-apiserver-client-kubelet
    sign signers in certificates.k8s.io named kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown
    create subjectaccessreviews in authorization.k8s.io
    record events
  `,
  'clusterrole-aggregation-controller': `
    escalate,get,list,patch,update,watch clusterroles in rbac.authorization.k8s.io
  `,
  'cronjob-controller': `
    get,list,update,watch cronjobs in batch
    create,delete,get,list,patch,update,watch jobs in batch
    update cronjobs/status in batch
    update cronjobs/finalizers in batch
    delete,list,watch pods
    record events
  `,
  'daemon-set-controller': `
    read daemonsets in apps,extensions
    update daemonsets/status in apps,extensions
    update daemonsets/finalizers in apps,extensions
    list,watch nodes
    create,delete,list,patch,watch pods
    create pods/binding
    create,delete,get,list,patch,update,watch controllerrevisions in apps
    record events
  `,
  'deployment-controller': `
    get,list,update,watch deployments in apps,extensions
    update deployments/status in apps,extensions
    update deployments/finalizers in apps,extensions
    create,delete,get,list,patch,update,watch replicasets in apps,extensions
    get,list,update,watch pods
    record events
  `,
  'device-taint-eviction-controller': `
    delete,get,list,watch pods
    patch,update pods/status
    read resourceclaims in resource.k8s.io
    read resourceslices in resource.k8s.io
    read deviceclasses in resource.k8s.io
    record events
  `,
  'disruption-controller': `
    read deployments in apps,extensions
    read replicasets in apps,extensions
    read replicationcontrollers
    read poddisruptionbudgets in policy
    read statefulsets in apps
    update poddisruptionbudgets/status in policy
    patch,update pods/status
    get */scale in *
    record events
  `,
  'endpoint-controller': `
    read pods,services
    create,delete,get,list,update,watch endpoints
    create endpoints/restricted
    record events
  `,
  'endpointslice-controller': `
    read nodes,pods,services
    update services/finalizers
    create,delete,get,list,update,watch endpointslices in discovery.k8s.io
    record events
  `,
  'endpointslicemirroring-controller': `
    read endpoints,services
    update services/finalizers
    update endpoints/finalizers
    create,delete,get,list,update,watch endpointslices in discovery.k8s.io
    record events
  `,
  'ephemeral-volume-controller': `
    read pods
    update pods/finalizers
    create,get,list,watch persistentvolumeclaims
    record events
  `,
  'expand-controller': `
    get,list,patch,update,watch persistentvolumes
    patch,update persistentvolumeclaims/status
    read persistentvolumeclaims
    record events
  `,
  'generic-garbage-collector': `
    delete,get,list,patch,update,watch * in *
    record events
  `,
  'horizontal-pod-autoscaler': `
    read horizontalpodautoscalers in autoscaling
    update horizontalpodautoscalers/status in autoscaling
    get,update */scale in *
    list,watch pods
    list,watch pods in metrics.k8s.io
    read * in custom.metrics.k8s.io
    read * in external.metrics.k8s.io
    record events
  `,
  'job-controller': `
    get,list,patch,update,watch jobs in batch
    update jobs/status in batch
    update jobs/finalizers in batch
    create,delete,list,patch,watch pods
    record events
  `,
  'legacy-service-account-token-cleaner': `
    get configmaps named kube-apiserver-legacy-service-account-token-tracking
    delete,patch secrets
  `,
  'namespace-controller': `
    delete,get,list,watch namespaces
    update namespaces/finalize,namespaces/status
    delete,deletecollection,get,list,watch * in *
  `,
  'node-controller': `
    delete,get,list,patch,update,watch nodes
    patch,update nodes/status
    patch,update pods/status
    delete,get,list,watch pods
    record events
  `,
  'persistent-volume-binder': `
    create,delete,get,list,update,watch persistentvolumes
    update persistentvolumes/status
    get,list,update,watch persistentvolumeclaims
    update persistentvolumeclaims/status
    create,delete,get,list,watch pods
    read storageclasses in storage.k8s.io
    list,watch nodes
    record events
    watch events
  `,
  'pod-garbage-collector': `
    delete,list,watch pods
    read nodes
    patch pods/status
  `,
  'pv-protection-controller': `
    get,list,update,watch persistentvolumes
    record events
  `,
  'pvc-protection-controller': `
    get,list,update,watch persistentvolumeclaims
    update persistentvolumeclaims/status
    read pods
    record events
  `,
  'replicaset-controller': `
    get,list,update,watch replicasets in apps,extensions
    update replicasets/status in apps,extensions
    update replicasets/finalizers in apps,extensions
    create,delete,list,patch,watch pods
    record events
  `,
  'replication-controller': `
    get,list,update,watch replicationcontrollers
    update replicationcontrollers/status
    update replicationcontrollers/finalizers
    create,delete,list,patch,watch pods
    record events
  `,
  'resource-claim-controller': `
    read pods
    update pods/finalizers
    create,delete,get,list,watch resourceclaims in resource.k8s.io
    patch,update resourceclaims,resourceclaims/status in resource.k8s.io
    patch,update pods/status
    record events
    patch,update resourceclaims/binding in resource.k8s.io
  `,
  'resourcequota-controller': `
    list,watch * in *
    update resourcequotas/status
    record events
  `,
  'root-ca-cert-publisher': `
    create,update configmaps
    record events
  `,
  'route-controller': `
    list,watch nodes
    patch nodes/status
    record events
  `,
  'selinux-warning-controller': `
    record events
    read persistentvolumes
    read persistentvolumeclaims
    read pods
    read csidrivers in storage.k8s.io
  `,
  'service-account-controller': `
    create serviceaccounts
    record events
  `,
  'service-cidrs-controller': `
    get,list,patch,update,watch servicecidrs in networking.k8s.io
    patch,update servicecidrs/finalizers in networking.k8s.io
    patch,update servicecidrs/status in networking.k8s.io
    read ipaddresses in networking.k8s.io
    record events
  `,
  'service-controller': `
    read services
    patch,update services/status
    list,watch nodes
    record events
  `,
  'statefulset-controller': `
    list,watch pods
    read statefulsets in apps
    update statefulsets/status in apps
    update statefulsets/finalizers in apps
    create,delete,get,patch,update pods
    create,delete,get,list,patch,update,watch controllerrevisions in apps
    create,get,list,watch persistentvolumeclaims
    delete,update persistentvolumeclaims
    update pods/finalizers
    record events
  `,
  'ttl-after-finished-controller': `
    delete,get,list,watch jobs in batch
    record events
  `,
  'ttl-controller': `
    list,patch,update,watch nodes
    record events
  `,
  'validatingadmissionpolicy-status-controller': `
    read validatingadmissionpolicies in admissionregistration.k8s.io
    get,patch,update validatingadmissionpolicies/status in admissionregistration.k8s.io
    record events
  `,
  'volumeattributesclass-protection-controller': `
    read persistentvolumeclaims
    read persistentvolumes
    get,list,update,watch volumeattributesclasses in storage.k8s.io
    record events
  `,
};
