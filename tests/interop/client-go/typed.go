package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// lastType remembers the media type of the last answer, so that a client that silently got JSON is found out.
type lastType struct {
	next http.RoundTripper
	got  string
}

func (l *lastType) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := l.next.RoundTrip(request)
	if err == nil {
		l.got = answer.Header.Get("Content-Type")
	}
	return answer, err
}

// checkTyped drives the typed client in one media type.
func checkTyped(r *report, form string, config *rest.Config) {
	seen := &lastType{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		seen.next = next
		return seen
	})
	client := kubernetes.NewForConfigOrDie(config)
	namespace := "client-go-" + form
	maps := client.CoreV1().ConfigMaps(namespace)
	check := func(name string, body func(ctx context.Context) error) { r.check(form+": "+name, body) }
	configMap := func(name string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
			Data:       map[string]string{"color": "red"},
		}
	}

	check("create a namespace", func(ctx context.Context) error {
		created, err := client.CoreV1().Namespaces().Create(ctx,
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		return first(
			differs("phase", created.Status.Phase, corev1.NamespaceActive),
			differs("the label of the name", created.Labels["kubernetes.io/metadata.name"], namespace),
			differs("Content-Type", seen.got, config.ContentType))
	})
	check("create, get, list", func(ctx context.Context) error {
		sent := configMap("a")
		sent.BinaryData = map[string][]byte{"bytes": {0, 1, 2, 0xff}}
		created, err := maps.Create(ctx, sent, metav1.CreateOptions{FieldManager: "interop"})
		if err != nil {
			return err
		}
		got, err := maps.Get(ctx, "a", metav1.GetOptions{})
		if err != nil {
			return err
		}
		list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "app=a"})
		if err != nil {
			return err
		}
		if len(list.Items) != 1 || list.ResourceVersion == "" {
			return fmt.Errorf("the list has %d items at %q", len(list.Items), list.ResourceVersion)
		}
		if len(got.ManagedFields) != 1 || got.ManagedFields[0].Manager != "interop" ||
			!strings.Contains(string(got.ManagedFields[0].FieldsV1.Raw), `"f:color"`) {
			return fmt.Errorf("managed fields are %v", got.ManagedFields)
		}
		return first(
			differs("uid", got.UID, created.UID),
			differs("resourceVersion in the list", list.Items[0].ResourceVersion, created.ResourceVersion),
			differs("binaryData", string(got.BinaryData["bytes"]), string([]byte{0, 1, 2, 0xff})),
			differs("Content-Type", seen.got, config.ContentType))
	})
	check("generateName", func(ctx context.Context) error {
		created, err := maps.Create(ctx,
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "gen-"}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if len(created.Name) != len("gen-")+5 {
			return fmt.Errorf("the name is %q", created.Name)
		}
		return maps.Delete(ctx, created.Name, metav1.DeleteOptions{})
	})
	check("update, and the conflict of an old one", func(ctx context.Context) error {
		old, err := maps.Get(ctx, "a", metav1.GetOptions{})
		if err != nil {
			return err
		}
		next := old.DeepCopy()
		next.Data["color"] = "blue"
		updated, err := maps.Update(ctx, next, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		_, err = maps.Update(ctx, old, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			return fmt.Errorf("the update of an old object gives %v", err)
		}
		unchanged, err := maps.Update(ctx, updated, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		return differs("resourceVersion after an update without change",
			unchanged.ResourceVersion, updated.ResourceVersion)
	})
	check("patches: JSON, merge, strategic merge", func(ctx context.Context) error {
		for patchType, patch := range map[types.PatchType]string{
			types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"1"}]`,
			types.MergePatchType:          `{"data":{"merge":"1"}}`,
			types.StrategicMergePatchType: `{"data":{"strategic":"1"}}`,
		} {
			if _, err := maps.Patch(ctx, "a", patchType, []byte(patch), metav1.PatchOptions{}); err != nil {
				return fmt.Errorf("%s: %w", patchType, err)
			}
		}
		got, err := maps.Get(ctx, "a", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return differs("data", got.Data["json"]+got.Data["merge"]+got.Data["strategic"], "111")
	})
	check("server-side apply, its conflict and force", func(ctx context.Context) error {
		apply := func(manager, color string, force bool) (*corev1.ConfigMap, error) {
			return maps.Apply(ctx, applycorev1.ConfigMap("applied", namespace).WithData(map[string]string{"color": color}),
				metav1.ApplyOptions{FieldManager: manager, Force: force})
		}
		if _, err := apply("one", "red", false); err != nil {
			return err
		}
		_, err := apply("two", "blue", false)
		status, ok := errors.AsType[*apierrors.StatusError](err)
		if !ok || !apierrors.IsConflict(err) || len(status.ErrStatus.Details.Causes) != 1 {
			return fmt.Errorf("another manager's apply gives %v", err)
		}
		forced, err := apply("two", "blue", true)
		if err != nil {
			return err
		}
		extracted, err := applycorev1.ExtractConfigMap(forced, "two")
		if err != nil {
			return err
		}
		cause := status.ErrStatus.Details.Causes[0]
		return first(
			differs("the cause's type", cause.Type, metav1.CauseTypeFieldManagerConflict),
			differs("the cause's field", cause.Field, ".data.color"),
			differs("data", forced.Data["color"], "blue"),
			differs("what the second manager owns", extracted.Data["color"], "blue"))
	})
	check("paging", func(ctx context.Context) error { return checkPaging(ctx, maps, configMap) })
	check("watch, and resume from a resourceVersion", func(ctx context.Context) error {
		return checkWatch(ctx, maps, configMap)
	})
	check("errors have the client's own types", func(ctx context.Context) error {
		return checkErrors(ctx, client, maps, configMap)
	})
	check("delete, with preconditions and collections", func(ctx context.Context) error {
		other := types.UID("someone-else")
		err := maps.Delete(ctx, "a", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
		if !apierrors.IsConflict(err) {
			return fmt.Errorf("a wrong uid gives %v", err)
		}
		if err := maps.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
			return err
		}
		if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
			return err
		}
		list, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "app"})
		if err != nil {
			return err
		}
		return differs("what is left", len(list.Items), 0)
	})
	check("delete the namespace", func(ctx context.Context) error {
		return client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
	})
}

func checkPaging(ctx context.Context, maps corev1client.ConfigMapInterface,
	configMap func(string) *corev1.ConfigMap) error {
	for i := range 7 {
		one := configMap(fmt.Sprintf("page-%d", i))
		one.Labels["paged"] = "yes"
		if _, err := maps.Create(ctx, one, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	options := metav1.ListOptions{LabelSelector: "paged=yes", Limit: 3}
	var names []string
	var at string
	for {
		page, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		if at == "" {
			at = page.ResourceVersion
			// What is written between two pages is not in the later one.
			late := configMap("page-late")
			late.Labels["paged"] = "yes"
			if _, err := maps.Create(ctx, late, metav1.CreateOptions{}); err != nil {
				return err
			}
		}
		if page.ResourceVersion != at {
			return fmt.Errorf("a page is at %s, the first at %s", page.ResourceVersion, at)
		}
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	return differs("the pages", strings.Join(names, " "), "page-0 page-1 page-2 page-3 page-4 page-5 page-6")
}

func checkWatch(ctx context.Context, maps corev1client.ConfigMapInterface,
	configMap func(string) *corev1.ConfigMap) error {
	list, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	options := metav1.ListOptions{ResourceVersion: list.ResourceVersion, LabelSelector: "app=watched"}
	running, err := maps.Watch(ctx, options)
	if err != nil {
		return err
	}
	defer running.Stop()
	created, err := maps.Create(ctx, configMap("watched"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := maps.Patch(ctx, "watched", types.MergePatchType, []byte(`{"data":{"color":"blue"}}`),
		metav1.PatchOptions{}); err != nil {
		return err
	}
	// Out of the selection: the watch sees a deletion.
	if _, err := maps.Patch(ctx, "watched", types.MergePatchType, []byte(`{"metadata":{"labels":{"app":"x"}}}`),
		metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return err
	}
	types, err := eventTypes(ctx, running, 3)
	if err != nil {
		return err
	}
	options.ResourceVersion = created.ResourceVersion
	resumed, err := maps.Watch(ctx, options)
	if err != nil {
		return err
	}
	defer resumed.Stop()
	later, err := eventTypes(ctx, resumed, 2)
	if err != nil {
		return err
	}
	return first(
		differs("the events", types, "ADDED MODIFIED DELETED"),
		differs("the events after a resume", later, "MODIFIED DELETED"))
}

func eventTypes(ctx context.Context, events watch.Interface, count int) (string, error) {
	var seen []string
	for len(seen) < count {
		select {
		case event, open := <-events.ResultChan():
			if !open {
				return "", fmt.Errorf("the watch ended after %v", seen)
			}
			if _, ok := event.Object.(*corev1.ConfigMap); !ok {
				return "", fmt.Errorf("a watch event holds %T: %v", event.Object, event.Object)
			}
			seen = append(seen, string(event.Type))
		case <-ctx.Done():
			return "", fmt.Errorf("only %v came", seen)
		}
	}
	return strings.Join(seen, " "), nil
}

func checkErrors(ctx context.Context, client kubernetes.Interface, maps corev1client.ConfigMapInterface,
	configMap func(string) *corev1.ConfigMap) error {
	_, notFound := maps.Get(ctx, "nothing", metav1.GetOptions{})
	if !apierrors.IsNotFound(notFound) || notFound.Error() != `configmaps "nothing" not found` {
		return fmt.Errorf("get of nothing gives %v", notFound)
	}
	_, exists := maps.Create(ctx, configMap("a"), metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(exists) || exists.Error() != `configmaps "a" already exists` {
		return fmt.Errorf("a second create gives %v", exists)
	}
	_, invalid := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "No Name"}},
		metav1.CreateOptions{})
	status, ok := errors.AsType[*apierrors.StatusError](invalid)
	if !ok || !apierrors.IsInvalid(invalid) || len(status.ErrStatus.Details.Causes) != 1 ||
		status.ErrStatus.Details.Causes[0].Field != "metadata.name" {
		return fmt.Errorf("a bad name gives %v", invalid)
	}
	_, badRequest := maps.List(ctx, metav1.ListOptions{FieldSelector: "spec.nothing=1"})
	if !apierrors.IsBadRequest(badRequest) {
		return fmt.Errorf("an unknown field selector gives %v", badRequest)
	}
	_, expired := maps.List(ctx, metav1.ListOptions{Limit: 1, Continue: "nonsense"})
	if !apierrors.IsBadRequest(expired) {
		return fmt.Errorf("a continue token of nonsense gives %v", expired)
	}
	// The answer has Retry-After, which this client would follow many times.
	tooNew := client.CoreV1().RESTClient().Get().Namespace("default").Resource("configmaps").
		Param("resourceVersion", "999999999").MaxRetries(0).Do(ctx).Error()
	if !apierrors.IsTimeout(tooNew) || !apierrors.HasStatusCause(tooNew, metav1.CauseTypeResourceVersionTooLarge) {
		return fmt.Errorf("a list at a resourceVersion of the future gives %v", tooNew)
	}
	_, outside := client.CoreV1().ConfigMaps("no-such-namespace").Create(ctx, configMap("a"), metav1.CreateOptions{})
	if !apierrors.IsNotFound(outside) {
		return fmt.Errorf("a create in no namespace gives %v", outside)
	}
	return nil
}
