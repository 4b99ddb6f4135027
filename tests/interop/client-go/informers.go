package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// checkInformers runs shared informers, which read their first state as a streaming list.
func checkInformers(r *report, config *rest.Config) {
	client := kubernetes.NewForConfigOrDie(config)
	r.check("informers: sync, added, updated, deleted", func(ctx context.Context) error {
		factory := informers.NewSharedInformerFactory(client, 0)
		maps := factory.Core().V1().ConfigMaps()
		var added, updated, deleted atomic.Int32
		named := func(object any) bool {
			if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			one, ok := object.(*corev1.ConfigMap)
			return ok && one.Name == "informed"
		}
		_, err := maps.Informer().AddEventHandler(cache.FilteringResourceEventHandler{
			FilterFunc: named,
			Handler: cache.ResourceEventHandlerFuncs{
				AddFunc:    func(any) { added.Add(1) },
				UpdateFunc: func(any, any) { updated.Add(1) },
				DeleteFunc: func(any) { deleted.Add(1) },
			},
		})
		if err != nil {
			return err
		}
		namespaces := factory.Core().V1().Namespaces().Lister()
		factory.Start(ctx.Done())
		for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
			if !synced {
				return fmt.Errorf("the informer of %v does not sync", kind)
			}
		}
		if _, err := namespaces.Get("kube-system"); err != nil {
			return err
		}
		created, err := client.CoreV1().ConfigMaps("default").Create(ctx,
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "informed"}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		created.Labels = map[string]string{"seen": "twice"}
		if _, err := client.CoreV1().ConfigMaps("default").Update(ctx, created, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err := until(ctx, func() bool { return added.Load() == 1 && updated.Load() == 1 }); err != nil {
			return fmt.Errorf("%d added, %d updated: %w", added.Load(), updated.Load(), err)
		}
		selected, err := maps.Lister().ConfigMaps("default").List(labels.SelectorFromSet(created.Labels))
		if err != nil {
			return err
		}
		if err := client.CoreV1().ConfigMaps("default").Delete(ctx, "informed", metav1.DeleteOptions{}); err != nil {
			return err
		}
		if err := until(ctx, func() bool { return deleted.Load() == 1 }); err != nil {
			return fmt.Errorf("%d deleted: %w", deleted.Load(), err)
		}
		return differs("what the lister selects", len(selected), 1)
	})
}

// checkLeaderElection has one of two candidates lead, and the other once the first has let go.
func checkLeaderElection(r *report, config *rest.Config) {
	client := kubernetes.NewForConfigOrDie(config)
	r.check("leader election: one leads, then the other", func(ctx context.Context) error {
		leads := make(chan string, 2)
		run := func(ctx context.Context, identity string) {
			leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
				Lock: &resourcelock.LeaseLock{
					LeaseMeta:  metav1.ObjectMeta{Name: "interop", Namespace: "default"},
					Client:     client.CoordinationV1(),
					LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
				},
				ReleaseOnCancel: true,
				LeaseDuration:   3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond,
				Callbacks: leaderelection.LeaderCallbacks{
					OnStartedLeading: func(context.Context) { leads <- identity },
					OnStoppedLeading: func() {},
				},
			})
		}
		next := func() (string, error) {
			select {
			case leader := <-leads:
				return leader, nil
			case <-ctx.Done():
				return "", errors.New("nobody leads")
			}
		}
		firstTerm, resign := context.WithCancel(ctx)
		defer resign()
		go run(firstTerm, "first")
		leader, err := next()
		if err != nil {
			return err
		}
		taken, err := client.CoordinationV1().Leases("default").Get(ctx, "interop", metav1.GetOptions{})
		if err != nil {
			return err
		}
		secondTerm, end := context.WithCancel(ctx)
		defer end()
		go run(secondTerm, "second")
		resign()
		released := time.Now()
		follower, err := next()
		if err != nil {
			return err
		}
		lease, err := client.CoordinationV1().Leases("default").Get(ctx, "interop", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return first(
			differs("the first leader", leader, "first"),
			differs("the second leader", follower, "second"),
			differs("the first holder", *taken.Spec.HolderIdentity, "first"),
			differs("the second holder", *lease.Spec.HolderIdentity, "second"),
			differs("the lease was released, not left to expire", time.Since(released) < 2500*time.Millisecond, true))
	})
}

// until waits for a condition that events of another goroutine bring about.
func until(ctx context.Context, condition func() bool) error {
	for !condition() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return errors.New("did not happen")
		}
	}
	return nil
}
