/**
 * The rules of upstream's default roles, a line a rule: `VERBS RESOURCES [in GROUPS] [named NAMES]`, or
 * `VERBS PATHS`. `read`, `write` and `all` stand for several verbs, `core` for the group without a name, and
 * `record events` for what every author of Events may do; see {@link parsePolicyRules}.
 * Source: the bootstrap policy of Kubernetes 1.36, with its default features.
 */
export const defaultClusterRoles: Readonly<Record<string, string>> = {
  'cluster-admin': `
    * * in *
    * *
  `,
  'system:aggregate-to-admin': `
    create localsubjectaccessreviews in authorization.k8s.io
    all rolebindings,roles in rbac.authorization.k8s.io
  `,
  'system:aggregate-to-edit': `
    read pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy
    impersonate serviceaccounts
    write pods,pods/attach,pods/exec,pods/portforward,pods/proxy
    create pods/eviction
    write configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy
    create serviceaccounts/token
    write events in core,events.k8s.io
    write daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale in apps
    write horizontalpodautoscalers in autoscaling
    write cronjobs,jobs in batch
    write daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale in extensions
    write poddisruptionbudgets in policy
    write ingresses,networkpolicies in networking.k8s.io
    all leases in coordination.k8s.io
    write resourceclaims,resourceclaimtemplates in resource.k8s.io
  `,
  'system:aggregate-to-view': `
    read configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
    read bindings,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status
    read namespaces
    read events in core,events.k8s.io
    read endpointslices in discovery.k8s.io
    read controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status in apps
    read horizontalpodautoscalers,horizontalpodautoscalers/status in autoscaling
    read cronjobs,cronjobs/status,jobs,jobs/status in batch
    read daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale in extensions
    read poddisruptionbudgets,poddisruptionbudgets/status in policy
    read ingresses,ingresses/status,networkpolicies in networking.k8s.io
    read resourceclaims,resourceclaims/status,resourceclaimtemplates in resource.k8s.io
  `,
  'system:auth-delegator': `
    create tokenreviews in authentication.k8s.io
    create subjectaccessreviews in authorization.k8s.io
  `,
  'system:basic-user': `
    create selfsubjectaccessreviews,selfsubjectrulesreviews in authorization.k8s.io
    create selfsubjectreviews in authentication.k8s.io
  `,
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': `
    create certificatesigningrequests/nodeclient in certificates.k8s.io
  `,
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': `
    create certificatesigningrequests/selfnodeclient in certificates.k8s.io
  `,
  'system:certificates.k8s.io:kube-apiserver-client-approver': `
    approve signers in certificates.k8s.io named kubernetes.io/kube-apiserver-client
  `,
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': `
    approve signers in certificates.k8s.io named kubernetes.io/kube-apiserver-client-kubelet
  `,
  'system:certificates.k8s.io:kubelet-serving-approver': `
    approve signers in certificates.k8s.io named kubernetes.io/kubelet-serving
  `,
  'system:certificates.k8s.io:legacy-unknown-approver': `
    approve signers in certificates.k8s.io named kubernetes.io/legacy-unknown
  `,
  'system:discovery': `
    get /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
  `,
  'system:heapster': `
    read events,namespaces,nodes,pods
    read deployments in extensions
  `,
  'system:kube-aggregator': `
    read endpoints,services
  `,
  'system:kube-controller-manager': `
    record events
    create leases in coordination.k8s.io
    get,update leases in coordination.k8s.io named kube-controller-manager
    create secrets,serviceaccounts
    delete secrets
    get configmaps,namespaces,secrets,serviceaccounts
    update secrets,serviceaccounts
    create tokenreviews in authentication.k8s.io
    create subjectaccessreviews in authorization.k8s.io
    list,watch * in *
    create serviceaccounts/token
  `,
  'system:kube-dns': `
    list,watch endpoints,services
  `,
  'system:kube-scheduler': `
    record events
    create leases in coordination.k8s.io
    get,list,update,watch leases in coordination.k8s.io named kube-scheduler
    all leasecandidates in coordination.k8s.io
    read nodes
    delete,get,list,watch pods
    create bindings,pods/binding
    patch,update pods/status
    read replicationcontrollers,services
    read replicasets in apps,extensions
    read statefulsets in apps
    read poddisruptionbudgets in policy
    read persistentvolumeclaims,persistentvolumes
    create tokenreviews in authentication.k8s.io
    create subjectaccessreviews in authorization.k8s.io
    read csinodes in storage.k8s.io
    read volumeattachments in storage.k8s.io
    read namespaces
    read csidrivers in storage.k8s.io
    read csistoragecapacities in storage.k8s.io
    read deviceclasses in resource.k8s.io
    get,list,patch,update,watch resourceclaims in resource.k8s.io
    get,list,patch,update,watch resourceclaims/status in resource.k8s.io
    update pods/finalizers
    read resourceslices in resource.k8s.io
    create,delete resourceclaims in resource.k8s.io
    patch,update resourceclaims/binding in resource.k8s.io
  `,
  'system:kubelet-api-admin': `
    read nodes
    proxy nodes
    * nodes/log,nodes/metrics,nodes/proxy,nodes/stats
    * nodes/configz,nodes/healthz,nodes/pods
  `,
  'system:monitoring': `
    get /flagz,/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*,/statusz
    get nodes/metrics
  `,
  'system:node': `
    create tokenreviews in authentication.k8s.io
    create localsubjectaccessreviews,subjectaccessreviews in authorization.k8s.io
    read services
    create,get,list,watch nodes
    patch,update nodes/status
    patch,update nodes
    record events
    read pods
    create,delete pods
    patch,update pods/status
    create pods/eviction
    read configmaps,secrets
    get persistentvolumeclaims,persistentvolumes
    get endpoints
    create,get,list,watch certificatesigningrequests in certificates.k8s.io
    create,delete,get,patch,update leases in coordination.k8s.io
    get volumeattachments in storage.k8s.io
    create serviceaccounts/token
    get,patch,update persistentvolumeclaims/status
    read csidrivers in storage.k8s.io
    create,delete,get,patch,update csinodes in storage.k8s.io
    read runtimeclasses in node.k8s.io
    get resourceclaims in resource.k8s.io
    deletecollection resourceslices in resource.k8s.io
    get serviceaccounts
  `,
  'system:node-bootstrapper': `
    create,get,list,watch certificatesigningrequests in certificates.k8s.io
  `,
  'system:node-problem-detector': `
    get nodes
    patch nodes/status
    record events
  `,
  'system:node-proxier': `
    list,watch endpoints,services
    read nodes
    record events
    list,watch servicecidrs in networking.k8s.io
    list,watch endpointslices in discovery.k8s.io
  `,
  'system:persistent-volume-provisioner': `
    create,delete,get,list,watch persistentvolumes
    get,list,update,watch persistentvolumeclaims
    read storageclasses in storage.k8s.io
    watch events
    record events
  `,
  'system:public-info-viewer': `
    get /healthz,/livez,/readyz,/version,/version/
  `,
  'system:service-account-issuer-discovery': `
    get /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/
  `,
  'system:volume-scheduler': `
    get,list,patch,update,watch persistentvolumes
    read storageclasses in storage.k8s.io
    get,list,patch,update,watch persistentvolumeclaims
  `,
};
