package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/reference"
	watchtools "k8s.io/client-go/tools/watch"
)

// answers looks at how answers come: it counts those in gzip, which Go's transport asks for and undoes on its own.
type answers struct {
	next     http.RoundTripper
	zipped   int
	protocol string
}

func (a *answers) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := a.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if answer.Uncompressed {
		a.zipped++
	}
	a.protocol = answer.Proto
	return answer, nil
}

// checkTools runs what controllers build on: the pager, watches that retry, event recorders, evictions.
func checkTools(r *report, config *rest.Config) {
	seen := &answers{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		seen.next = next
		return seen
	})
	client := kubernetes.NewForConfigOrDie(config)
	maps := client.CoreV1().ConfigMaps("default")
	const many = 130
	r.check("tools: the pager, and large lists in gzip", func(ctx context.Context) error {
		for i := range many {
			_, err := maps.Create(ctx, &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("many-%03d", i), Labels: map[string]string{"many": "yes"}},
				Data:       map[string]string{"text": strings.Repeat("text ", 400)},
			}, metav1.CreateOptions{})
			if err != nil {
				return err
			}
		}
		options := metav1.ListOptions{LabelSelector: "many=yes"}
		pages := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
			return maps.List(ctx, options)
		}))
		pages.PageSize = 50
		var names []string
		err := pages.EachListItem(ctx, options, func(object runtime.Object) error {
			names = append(names, object.(*corev1.ConfigMap).Name)
			return nil
		})
		if err != nil {
			return err
		}
		before := seen.zipped
		list, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		return first(
			differs("items", len(names), many),
			differs("the last", names[many-1], fmt.Sprintf("many-%03d", many-1)),
			differs("the whole list", len(list.Items), many),
			differs("it was compressed", seen.zipped-before, 1))
	})
	r.check("tools: a streaming list ends with a bookmark", func(ctx context.Context) error {
		running, err := maps.Watch(ctx, metav1.ListOptions{
			LabelSelector: "many=yes", AllowWatchBookmarks: true, SendInitialEvents: new(true),
			ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
		})
		if err != nil {
			return err
		}
		defer running.Stop()
		added := 0
		for event := range running.ResultChan() {
			one, ok := event.Object.(*corev1.ConfigMap)
			if !ok {
				return fmt.Errorf("an event holds %T: %v", event.Object, event.Object)
			}
			if event.Type == watch.Added {
				added++
				continue
			}
			return first(
				differs("the last event", event.Type, watch.Bookmark),
				differs("what it says", one.Annotations[metav1.InitialEventsAnnotationKey], "true"),
				differs("it has a resourceVersion", one.ResourceVersion != "", true),
				differs("added", added, many))
		}
		return fmt.Errorf("the watch ended after %d objects", added)
	})
	r.check("tools: HTTP/2, and more watches than one connection has streams", func(ctx context.Context) error {
		const watches = 150
		list, err := maps.List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil {
			return err
		}
		events := make(chan watch.Event, watches)
		for range watches {
			running, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, LabelSelector: "seen=by-all"})
			if err != nil {
				return err
			}
			defer running.Stop()
			go func() { events <- <-running.ResultChan() }()
		}
		one := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "seen", Labels: map[string]string{"seen": "by-all"}}}
		if _, err := maps.Create(ctx, one, metav1.CreateOptions{}); err != nil {
			return err
		}
		for i := range watches {
			select {
			case event := <-events:
				if event.Type != watch.Added {
					return fmt.Errorf("a watch sees %v", event)
				}
			case <-ctx.Done():
				return fmt.Errorf("%d of %d watches see the object", i, watches)
			}
		}
		return first(
			differs("the protocol", seen.protocol, "HTTP/2.0"),
			maps.Delete(ctx, "seen", metav1.DeleteOptions{}))
	})
	r.check("tools: a watch that retries, and waiting with an informer", func(ctx context.Context) error {
		list, err := maps.List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil {
			return err
		}
		source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "configmaps", "default",
			fields.OneTermEqualSelector("metadata.name", "many-000"))
		retrying, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, source)
		if err != nil {
			return err
		}
		defer retrying.Stop()
		if err := maps.Delete(ctx, "many-000", metav1.DeleteOptions{}); err != nil {
			return err
		}
		event := <-retrying.ResultChan()
		last, err := watchtools.UntilWithSync(ctx, source, &corev1.ConfigMap{}, func(store cache.Store) (bool, error) {
			return len(store.List()) == 0, nil
		}, func(watch.Event) (bool, error) { return true, nil })
		if err != nil {
			return err
		}
		return first(
			differs("the event", event.Type, watch.Deleted),
			differs("nothing to wait for", last == nil, true))
	})
	r.check("tools: events of both APIs, counted", func(ctx context.Context) error { return checkRecorders(ctx, client) })
	r.check("tools: an eviction", func(ctx context.Context) error {
		pods := client.CoreV1().Pods("default")
		_, err := pods.Create(ctx, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "evicted"},
			Spec: corev1.PodSpec{
				NodeSelector: map[string]string{"interop": "nowhere"},
				Containers:   []corev1.Container{{Name: "main", Image: "example.invalid/image:1"}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		err = pods.EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "evicted"}})
		if err != nil {
			return err
		}
		return until(ctx, func() bool {
			_, err := pods.Get(ctx, "evicted", metav1.GetOptions{})
			return err != nil
		})
	})
	r.check("tools: a table", func(ctx context.Context) error {
		table := &metav1.Table{}
		err := client.CoreV1().RESTClient().Get().Namespace("default").Resource("configmaps").
			Param("labelSelector", "many=yes").Param("limit", "2").
			SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").Do(ctx).Into(table)
		if err != nil {
			return err
		}
		return first(
			differs("rows", len(table.Rows), 2),
			differs("the first column", table.ColumnDefinitions[0].Name, "Name"),
			differs("the first cell", table.Rows[0].Cells[0], any("many-001")),
			maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "many=yes"}))
	})
}

// checkRecorders has the same event recorded twice, through the core API and through events.k8s.io.
func checkRecorders(ctx context.Context, client kubernetes.Interface) error {
	about, err := client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
	if err != nil {
		return err
	}
	object, err := reference.GetReference(scheme.Scheme, about)
	if err != nil {
		return err
	}
	object.Namespace = "default"
	old := record.NewBroadcaster(record.WithContext(ctx))
	defer old.Shutdown()
	old.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: client.CoreV1().Events("")})
	recorder := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "interop"})
	for range 2 {
		recorder.Event(object, corev1.EventTypeNormal, "Counted", "one message")
	}
	counted := func() bool {
		list, err := client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=Counted"})
		return err == nil && len(list.Items) == 1 && list.Items[0].Count == 2
	}
	if err := until(ctx, counted); err != nil {
		return fmt.Errorf("a core event's count: %w", err)
	}
	fresh := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	defer fresh.Shutdown()
	if err := fresh.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	series := fresh.NewRecorder(scheme.Scheme, "interop.example/recorder")
	for range 2 {
		series.Eventf(object, nil, corev1.EventTypeNormal, "InSeries", "Testing", "one note")
		// The broadcaster sends each event on its own: the patch must not overtake the create.
		recorded := func() bool {
			list, err := client.EventsV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=InSeries"})
			return err == nil && len(list.Items) == 1
		}
		if err := until(ctx, recorded); err != nil {
			return fmt.Errorf("an event: %w", err)
		}
	}
	inSeries := func() bool {
		list, err := client.EventsV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "reason=InSeries"})
		return err == nil && len(list.Items) == 1 && list.Items[0].Series != nil && list.Items[0].Series.Count == 2
	}
	if err := until(ctx, inSeries); err != nil {
		return fmt.Errorf("the series of an event: %w", err)
	}
	return nil
}
