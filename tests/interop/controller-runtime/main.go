// Tests the API server that $KUBECONFIG names with controller-runtime: its client, its cache, and a manager with a
// reconciler of ConfigMaps that owns Secrets.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const namespace = "controller-runtime"

func main() {
	log.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("version %s\n", version())
	r := &report{}
	direct, err := client.New(config, client.Options{})
	if err != nil {
		fmt.Printf("not ok a client: %s\n", err)
		os.Exit(1)
	}
	checkClient(r, direct)
	checkManager(r, direct, func() (ctrl.Manager, error) {
		return ctrl.NewManager(config, ctrl.Options{
			Metrics:                       server.Options{BindAddress: "0"},
			LeaderElection:                true,
			LeaderElectionID:              "interop",
			LeaderElectionNamespace:       namespace,
			LeaderElectionReleaseOnCancel: true,
		})
	})
	if r.failed {
		os.Exit(1)
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "sigs.k8s.io/controller-runtime" {
			return module.Version
		}
	}
	return "unknown"
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{"app": name}},
		Data:       map[string]string{"color": "red"},
	}
}

// checkClient drives the client without a cache.
func checkClient(r *report, direct client.Client) {
	r.check("client: create, get, list, update with a conflict", func(ctx context.Context) error {
		if err := direct.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
			return err
		}
		made := configMap("a")
		if err := direct.Create(ctx, made); err != nil {
			return err
		}
		old := made.DeepCopy()
		made.Data["color"] = "blue"
		if err := direct.Update(ctx, made); err != nil {
			return err
		}
		if err := direct.Update(ctx, old); !apierrors.IsConflict(err) {
			return fmt.Errorf("the update of an old object gives %v", err)
		}
		list := &corev1.ConfigMapList{}
		if err := direct.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{"app": "a"}); err != nil {
			return err
		}
		return first(differs("items", len(list.Items), 1), differs("color", list.Items[0].Data["color"], "blue"))
	})
	r.check("client: patches, create or update, metadata", func(ctx context.Context) error {
		one := configMap("a")
		if err := direct.Get(ctx, client.ObjectKeyFromObject(one), one); err != nil {
			return err
		}
		before := client.MergeFrom(one.DeepCopy())
		one.Data["merge"] = "1"
		if err := direct.Patch(ctx, one, before); err != nil {
			return err
		}
		strategic := client.StrategicMergeFrom(one.DeepCopy(), client.MergeFromWithOptimisticLock{})
		one.Data["strategic"] = "1"
		if err := direct.Patch(ctx, one, strategic); err != nil {
			return err
		}
		result, err := controllerutil.CreateOrUpdate(ctx, direct, configMap("a"), func() error { return nil })
		if err != nil {
			return err
		}
		meta := &metav1.PartialObjectMetadata{}
		meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
		if err := direct.Get(ctx, client.ObjectKeyFromObject(one), meta); err != nil {
			return err
		}
		return first(
			differs("data", one.Data["merge"]+one.Data["strategic"], "11"),
			differs("an update without change", result, controllerutil.OperationResultNone),
			differs("uid", meta.UID, one.UID))
	})
	r.check("client: paging and errors", func(ctx context.Context) error {
		for _, name := range []string{"p1", "p2", "p3"} {
			one := configMap(name)
			one.Labels["paged"] = "yes"
			if err := direct.Create(ctx, one); err != nil {
				return err
			}
		}
		page := &corev1.ConfigMapList{}
		options := []client.ListOption{client.InNamespace(namespace), client.MatchingLabels{"paged": "yes"}, client.Limit(2)}
		if err := direct.List(ctx, page, options...); err != nil {
			return err
		}
		rest := &corev1.ConfigMapList{}
		if err := direct.List(ctx, rest, append(options, client.Continue(page.Continue))...); err != nil {
			return err
		}
		absent := direct.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "nothing"}, &corev1.ConfigMap{})
		invalid := direct.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "No Name", Namespace: namespace}})
		return first(
			differs("the first page", len(page.Items), 2),
			differs("the second page", len(rest.Items), 1),
			differs("404", apierrors.IsNotFound(absent), true),
			differs("409", apierrors.IsAlreadyExists(direct.Create(ctx, configMap("a"))), true),
			differs("422", apierrors.IsInvalid(invalid), true),
			direct.DeleteAllOf(ctx, &corev1.ConfigMap{}, client.InNamespace(namespace), client.MatchingLabels{"paged": "yes"}))
	})
}

// reconciler keeps a Secret beside each ConfigMap with the label `mirror`.
type reconciler struct {
	client.Client
	removed chan string
}

const finalizer = "interop.example/mirror"

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	source := &corev1.ConfigMap{}
	if err := r.Get(ctx, request.NamespacedName, source); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if source.Labels["mirror"] == "" {
		return ctrl.Result{}, nil
	}
	if !source.DeletionTimestamp.IsZero() {
		if controllerutil.RemoveFinalizer(source, finalizer) {
			r.removed <- source.Name
			return ctrl.Result{}, r.Update(ctx, source)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(source, finalizer) {
		if err := r.Update(ctx, source); err != nil {
			return ctrl.Result{}, err
		}
	}
	mirror := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: source.Name, Namespace: source.Namespace}}
	_, err := controllerutil.CreateOrUpdate(ctx, r, mirror, func() error {
		mirror.Data = map[string][]byte{"color": []byte(source.Data["color"])}
		return controllerutil.SetControllerReference(source, mirror, r.Scheme())
	})
	return ctrl.Result{}, err
}

// checkManager runs the reconciler and sees it mirror, repair and clean up.
func checkManager(r *report, direct client.Client, newManager func() (ctrl.Manager, error)) {
	r.check("manager: cache, index, reconciler, owned objects, finalizer", func(ctx context.Context) error {
		manager, err := newManager()
		if err != nil {
			return err
		}
		byColor := func(object client.Object) []string { return []string{object.(*corev1.ConfigMap).Data["color"]} }
		if err := manager.GetFieldIndexer().IndexField(ctx, &corev1.ConfigMap{}, "color", byColor); err != nil {
			return err
		}
		mirrors := &reconciler{manager.GetClient(), make(chan string, 1)}
		if err := ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Owns(&corev1.Secret{}).Complete(mirrors); err != nil {
			return err
		}
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- manager.Start(running) }()
		defer stop()
		source := configMap("mirrored")
		source.Labels["mirror"] = "yes"
		source.Data["color"] = "violet"
		if err := direct.Create(ctx, source); err != nil {
			return err
		}
		key := client.ObjectKeyFromObject(source)
		mirrored := func() bool {
			secret := &corev1.Secret{}
			return direct.Get(ctx, key, secret) == nil && string(secret.Data["color"]) == "violet" && metav1.IsControlledBy(secret, source)
		}
		if err := until(ctx, mirrored); err != nil {
			return fmt.Errorf("the mirror: %w", err)
		}
		// The watch of what is owned brings the reconciler back.
		if err := direct.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace}}); err != nil {
			return err
		}
		if err := until(ctx, mirrored); err != nil {
			return fmt.Errorf("the mirror's repair: %w", err)
		}
		indexed := &corev1.ConfigMapList{}
		selected := client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("color", "violet")}
		if err := manager.GetClient().List(ctx, indexed, selected); err != nil {
			return err
		}
		if err := direct.Delete(ctx, source); err != nil {
			return err
		}
		gone := func() bool { return apierrors.IsNotFound(direct.Get(ctx, key, &corev1.ConfigMap{})) }
		if err := until(ctx, gone); err != nil {
			return fmt.Errorf("the end of the source: %w", err)
		}
		orphan := func() bool { return apierrors.IsNotFound(direct.Get(ctx, key, &corev1.Secret{})) }
		if err := until(ctx, orphan); err != nil {
			return fmt.Errorf("the collection of the mirror: %w", err)
		}
		stop()
		select {
		case err := <-ended:
			return first(err, differs("finalized", <-mirrors.removed, "mirrored"), differs("indexed", len(indexed.Items), 1))
		case <-ctx.Done():
			return errors.New("the manager does not stop")
		}
	})
}

// until waits for a condition of the server.
func until(ctx context.Context, condition func() bool) error {
	for !condition() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.New("did not happen")
		}
	}
	return nil
}
