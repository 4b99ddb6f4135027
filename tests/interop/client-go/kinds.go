package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// checkKinds creates objects of many kinds, and compares what the server says of every kind in JSON and in protobuf.
func checkKinds(r *report, config *rest.Config) {
	r.check("kinds: created alike in protobuf and in JSON", func(ctx context.Context) error {
		for _, object := range samples() {
			kinds, _, err := scheme.Scheme.ObjectKinds(object)
			if err != nil {
				return err
			}
			if err := createAndCompare(ctx, config, kinds[0], object); err != nil {
				return fmt.Errorf("%s: %w", kinds[0].Kind, err)
			}
		}
		return nil
	})
	r.check("kinds: every list is the same in JSON and in protobuf", func(ctx context.Context) error {
		resources, err := discovery.NewDiscoveryClientForConfigOrDie(config).ServerPreferredResources()
		if err != nil {
			return err
		}
		var differences []string
		compared := 0
		for _, list := range resources {
			version, err := schema.ParseGroupVersion(list.GroupVersion)
			if err != nil {
				return err
			}
			for _, one := range list.APIResources {
				if !slices.Contains(one.Verbs, "list") || !scheme.Scheme.Recognizes(version.WithKind(one.Kind)) {
					continue
				}
				compared++
				if err := compareLists(ctx, config, version, one); err != nil {
					differences = append(differences, fmt.Sprintf("%s: %s", one.Name, err))
				}
			}
		}
		if compared < 50 {
			return fmt.Errorf("only %d kinds are there", compared)
		}
		if len(differences) > 0 {
			return errors.New(strings.Join(differences, "; "))
		}
		return nil
	})
}

func restClient(config *rest.Config, version schema.GroupVersion, form string) (*rest.RESTClient, error) {
	copied := contentType(config, form)
	copied.GroupVersion = &version
	copied.APIPath = "/apis"
	if version.Group == "" {
		copied.APIPath = "/api"
	}
	copied.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return rest.RESTClientFor(copied)
}

var forms = []string{"application/json", "application/vnd.kubernetes.protobuf"}

func compareLists(ctx context.Context, config *rest.Config, version schema.GroupVersion, resource metav1.APIResource) error {
	var lists []runtime.Object
	for _, form := range forms {
		client, err := restClient(config, version, form)
		if err != nil {
			return err
		}
		list, err := client.Get().Resource(resource.Name).Do(ctx).Get()
		if err != nil {
			return fmt.Errorf("%s: %w", form, err)
		}
		if err := sinceWhenever(list, resource); err != nil {
			return err
		}
		lists = append(lists, list)
	}
	if !equality.Semantic.DeepEqual(lists[0], lists[1]) {
		return fmt.Errorf("JSON and protobuf differ: %s", diff.Diff(lists[0], lists[1]))
	}
	return nil
}

// sinceWhenever leaves out the resourceVersion of the list, which others may move on between two requests. What is
// made up for the request, and so can't be watched, has none.
func sinceWhenever(list runtime.Object, resource metav1.APIResource) error {
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		return err
	}
	if accessor.GetResourceVersion() == "" && slices.Contains(resource.Verbs, "watch") {
		return errors.New("the list has no resourceVersion")
	}
	accessor.SetResourceVersion("")
	return nil
}

func createAndCompare(ctx context.Context, config *rest.Config, kind schema.GroupVersionKind, object runtime.Object) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	plural, _ := meta.UnsafeGuessKindToResource(kind)
	var got [2]runtime.Object
	for i, form := range []string{forms[1], forms[0]} {
		client, err := restClient(config, kind.GroupVersion(), form)
		if err != nil {
			return err
		}
		namespaced := accessor.GetNamespace() != ""
		request := client.Post().Body(object).Param("dryRun", "All")
		if got[i], err = request.NamespaceIfScoped(accessor.GetNamespace(), namespaced).Resource(plural.Resource).Do(ctx).Get(); err != nil {
			return err
		}
		made, err := meta.Accessor(got[i])
		if err != nil {
			return err
		}
		made.SetUID("")
		made.SetCreationTimestamp(metav1.Time{})
		made.SetManagedFields(nil)
		// The one kind that stands in another with its own apiVersion and kind, which protobuf does not have.
		if set, ok := got[i].(*appsv1.StatefulSet); ok {
			for j := range set.Spec.VolumeClaimTemplates {
				set.Spec.VolumeClaimTemplates[j].TypeMeta = metav1.TypeMeta{}
			}
		}
	}
	if !equality.Semantic.DeepEqual(got[0], got[1]) {
		return fmt.Errorf("protobuf and JSON make other objects: %s", diff.Diff(got[0], got[1]))
	}
	return nil
}

// samples are valid objects with fields of many shapes. They are created as a dry run.
func samples() []runtime.Object {
	labels := map[string]string{"app": "sample"}
	selector := &metav1.LabelSelector{
		MatchLabels:      labels,
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"a", "b"}}},
	}
	here := metav1.ObjectMeta{Name: "sample", Namespace: "default", Labels: labels, Annotations: map[string]string{"a": "ü\n"},
		Finalizers: []string{"interop.example/finalizer"}}
	everywhere := metav1.ObjectMeta{Name: "sample", Labels: labels}
	pod := corev1.PodSpec{
		ServiceAccountName: "default",
		// The volume of a token has a name of its own each time.
		AutomountServiceAccountToken: new(false),
		RestartPolicy:                corev1.RestartPolicyNever,
		SecurityContext: &corev1.PodSecurityContext{RunAsUser: new(int64(1000)), FSGroup: new(int64(0)),
			Sysctls: []corev1.Sysctl{{Name: "kernel.shm_rmid_forced", Value: "0"}}},
		Affinity: &corev1.Affinity{
			NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"a"}}}}}}},
			PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
				{Weight: 1, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: selector, TopologyKey: "zone"}}}},
		},
		Tolerations:               []corev1.Toleration{{Key: "a", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(0))}},
		HostAliases:               []corev1.HostAlias{{IP: "10.0.0.1", Hostnames: []string{"a"}}},
		DNSConfig:                 &corev1.PodDNSConfig{Options: []corev1.PodDNSConfigOption{{Name: "ndots", Value: new("5")}}},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selector}},
		InitContainers:            []corev1.Container{{Name: "first", Image: "example.invalid/init:1", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}},
		Containers: []corev1.Container{{
			Name: "main", Image: "example.invalid/image:1", Args: []string{"", "$(A)"}, Stdin: true,
			Env: []corev1.EnvVar{{Name: "A", Value: ""}, {Name: "B", ValueFrom: &corev1.EnvVarSource{
				SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k", Optional: new(false)}}}},
			EnvFrom:   []corev1.EnvFromSource{{Prefix: "P_", ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}},
			Ports:     []corev1.ContainerPort{{ContainerPort: 53, Protocol: corev1.ProtocolUDP}},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("0.5"), "memory": resource.MustParse("1.5Gi")}, Limits: corev1.ResourceList{"example.com/thing": resource.MustParse("2")}},
			LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
				GRPC: &corev1.GRPCAction{Port: 90}}, PeriodSeconds: 3},
			Lifecycle:       &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}},
			SecurityContext: &corev1.SecurityContext{Privileged: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			VolumeMounts:    []corev1.VolumeMount{{Name: "all", MountPath: "/all", ReadOnly: true}},
		}},
		Volumes: []corev1.Volume{{Name: "all", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: new(int32(0o400)),
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(3600))}},
				{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "cpu", ResourceFieldRef: &corev1.ResourceFieldSelector{
					ContainerName: "main", Resource: "limits.cpu", Divisor: resource.MustParse("1m")}}}}},
			}}}}},
	}
	always := *pod.DeepCopy()
	always.RestartPolicy = corev1.RestartPolicyAlways
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod}
	running := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: always}
	claim := corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: new(""),
		Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{"storage": resource.MustParse("1Gi")}}}
	return []runtime.Object{
		&corev1.Pod{ObjectMeta: here, Spec: pod},
		&corev1.PersistentVolumeClaim{ObjectMeta: here, Spec: claim},
		&corev1.PersistentVolume{ObjectMeta: everywhere, Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{"storage": resource.MustParse("1Gi")}, AccessModes: claim.AccessModes,
			PersistentVolumeSource: corev1.PersistentVolumeSource{NFS: &corev1.NFSVolumeSource{Server: "a", Path: "/b"}}}},
		&corev1.LimitRange{ObjectMeta: here, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer,
			Default: corev1.ResourceList{"cpu": resource.MustParse("1")}}}}},
		&corev1.ResourceQuota{ObjectMeta: here, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"pods": resource.MustParse("10")}}},
		&corev1.Endpoints{ObjectMeta: here, Subsets: []corev1.EndpointSubset{{Addresses: []corev1.EndpointAddress{{IP: "10.1.2.3"}}, Ports: []corev1.EndpointPort{{Port: 80}}}}},
		&appsv1.StatefulSet{ObjectMeta: here, Spec: appsv1.StatefulSetSpec{ServiceName: "s", Selector: selector, Template: running,
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}, Spec: claim}}}},
		&appsv1.DaemonSet{ObjectMeta: here, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: running,
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: new(intstr.FromString("20%"))}}}},
		&batchv1.Job{ObjectMeta: here, Spec: batchv1.JobSpec{ManualSelector: new(true), Selector: &metav1.LabelSelector{MatchLabels: labels}, Completions: new(int32(3)), CompletionMode: new(batchv1.IndexedCompletion), Template: template,
			PodFailurePolicy: &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{Action: batchv1.PodFailurePolicyActionIgnore,
				OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}}}}}},
		&batchv1.CronJob{ObjectMeta: here, Spec: batchv1.CronJobSpec{Schedule: "*/5 * * * *", TimeZone: new("Etc/UTC"), JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}}}},
		&autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: here, Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "d"}, MaxReplicas: 3,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: "cpu",
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(50))}}}}}},
		&networkingv1.Ingress{ObjectMeta: here, Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: "a.example", IngressRuleValue: networkingv1.IngressRuleValue{
			HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: new(networkingv1.PathTypePrefix),
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "s", Port: networkingv1.ServiceBackendPort{Number: 80}}}}}}}}}}},
		&networkingv1.NetworkPolicy{ObjectMeta: here, Spec: networkingv1.NetworkPolicySpec{PodSelector: *selector, Ingress: []networkingv1.NetworkPolicyIngressRule{{
			Ports: []networkingv1.NetworkPolicyPort{{Port: new(intstr.FromInt32(80)), EndPort: new(int32(90))}},
			From:  []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8"}}}}}}},
		&policyv1.PodDisruptionBudget{ObjectMeta: here, Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector, MaxUnavailable: new(intstr.FromString("10%"))}},
		&rbacv1.ClusterRole{ObjectMeta: everywhere, Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/a/*"}}},
			AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{*selector}}},
		&rbacv1.RoleBinding{ObjectMeta: here, Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "a", Namespace: "default"}}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "sample"}},
		&storagev1.StorageClass{ObjectMeta: everywhere, Provisioner: "a.example/b", Parameters: map[string]string{"a": ""}, AllowVolumeExpansion: new(false)},
	}
}
