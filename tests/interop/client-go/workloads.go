package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

// checkWorkloads sends objects with the shapes that protobuf writes otherwise than JSON: inlined structs, quantities,
// int-or-strings, times, byte strings.
func checkWorkloads(r *report, config *rest.Config) {
	client := kubernetes.NewForConfigOrDie(config)
	namespace := "default"
	podSpec := corev1.PodSpec{
		TerminationGracePeriodSeconds: new(int64(0)),
		NodeSelector:                  map[string]string{"interop": "nowhere"},
		Volumes: []corev1.Volume{{Name: "scratch", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: new(resource.MustParse("1Gi"))}}}},
		Containers: []corev1.Container{{
			Name:         "main",
			Image:        "example.invalid/image:1",
			Env:          []corev1.EnvVar{{Name: "A", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}}},
			VolumeMounts: []corev1.VolumeMount{{Name: "scratch", MountPath: "/scratch"}},
			Resources:    corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("0.1"), "memory": resource.MustParse("64Mi")}},
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
				HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromString("web")}}},
			Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}},
		}},
	}
	r.check("protobuf: a pod with volumes, probes and quantities", func(ctx context.Context) error {
		pods := client.CoreV1().Pods(namespace)
		created, err := pods.Create(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "interop"}, Spec: podSpec}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		container := created.Spec.Containers[0]
		if container.ReadinessProbe == nil || container.ReadinessProbe.HTTPGet == nil {
			return fmt.Errorf("the probe is %v", container.ReadinessProbe)
		}
		if created.Spec.Volumes[0].EmptyDir == nil || created.Spec.Volumes[0].EmptyDir.SizeLimit == nil {
			return fmt.Errorf("the volume is %v", created.Spec.Volumes[0])
		}
		return first(
			differs("phase", created.Status.Phase, corev1.PodPending),
			differs("qosClass", created.Status.QOSClass, corev1.PodQOSBurstable),
			differs("cpu", container.Resources.Requests.Cpu().String(), "100m"),
			differs("sizeLimit", created.Spec.Volumes[0].EmptyDir.SizeLimit.String(), "1Gi"),
			differs("the probe's port", container.ReadinessProbe.HTTPGet.Port, intstr.FromString("web")),
			differs("restartPolicy", created.Spec.RestartPolicy, corev1.RestartPolicyAlways),
			differs("creation is recent", time.Since(created.CreationTimestamp.Time) < time.Minute, true),
			pods.Delete(ctx, "interop", metav1.DeleteOptions{}))
	})
	r.check("protobuf: a pod's status", func(ctx context.Context) error {
		pods := client.CoreV1().Pods(namespace)
		pod, err := pods.Create(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "interop-"}, Spec: podSpec}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		condition := corev1.PodCondition{Type: "interop.example/gate", Status: corev1.ConditionTrue, LastTransitionTime: now}
		var updated *corev1.Pod
		// The scheduler writes to the same status.
		err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
			current, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			current.Status.Conditions = append(current.Status.Conditions, condition)
			current.Spec.NodeName = "not-through-status"
			updated, err = pods.UpdateStatus(ctx, current, metav1.UpdateOptions{})
			return err
		})
		if err != nil {
			return err
		}
		last := updated.Status.Conditions[len(updated.Status.Conditions)-1]
		return first(
			differs("the condition", string(last.Type), "interop.example/gate"),
			differs("its time", last.LastTransitionTime.Time.Equal(now.Time), true),
			differs("nodeName", updated.Spec.NodeName, ""),
			pods.Delete(ctx, pod.Name, metav1.DeleteOptions{}))
	})
	r.check("protobuf: a deployment, its rollout strategy and scale", func(ctx context.Context) error {
		deployments := client.AppsV1().Deployments(namespace)
		labels := map[string]string{"app": "interop"}
		created, err := deployments.Create(ctx, &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: "interop"},
			Spec: appsv1.DeploymentSpec{
				Replicas: new(int32(0)),
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromInt32(2))}},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podSpec},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		scale, err := deployments.GetScale(ctx, "interop", metav1.GetOptions{})
		if err != nil {
			return err
		}
		scaled, err := deployments.UpdateScale(ctx, "interop", &autoscalingv1.Scale{
			ObjectMeta: metav1.ObjectMeta{Name: "interop", Namespace: namespace, ResourceVersion: ""},
			Spec:       autoscalingv1.ScaleSpec{Replicas: 1}}, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		return first(
			differs("strategy", created.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType),
			differs("maxSurge", *created.Spec.Strategy.RollingUpdate.MaxSurge, intstr.FromInt32(2)),
			differs("maxUnavailable", *created.Spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%")),
			differs("the scale's selector", scale.Status.Selector, "app=interop"),
			differs("replicas", scale.Spec.Replicas, 0),
			differs("replicas after scaling", scaled.Spec.Replicas, 1),
			deployments.Delete(ctx, "interop", metav1.DeleteOptions{}))
	})
	r.check("protobuf: secrets and services", func(ctx context.Context) error {
		secret, err := client.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "interop"}, StringData: map[string]string{"a": "b"}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		service, err := client.CoreV1().Services(namespace).Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "interop"},
			Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("web")}}},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		return first(
			differs("secret", string(secret.Data["a"]), "b"),
			differs("type", secret.Type, corev1.SecretTypeOpaque),
			differs("a node port", service.Spec.Ports[0].NodePort >= 30000, true),
			differs("a cluster IP", service.Spec.ClusterIP != "", true),
			differs("targetPort", service.Spec.Ports[0].TargetPort, intstr.FromString("web")),
			client.CoreV1().Secrets(namespace).Delete(ctx, "interop", metav1.DeleteOptions{}),
			client.CoreV1().Services(namespace).Delete(ctx, "interop", metav1.DeleteOptions{}))
	})
}
