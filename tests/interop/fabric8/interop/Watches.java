package interop;

import static interop.Report.same;
import static interop.Report.until;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** What follows objects: watches, informers, waiting, leader election. */
final class Watches {
  private final KubernetesClient client;
  private final NonNamespaceOperation<ConfigMap, ConfigMapList, Resource<ConfigMap>> maps;

  private Watches(KubernetesClient client) {
    this.client = client;
    this.maps = client.configMaps().inNamespace(Main.NAMESPACE);
  }

  static void check(Report report, KubernetesClient client) {
    Watches watches = new Watches(client);
    report.check("watch, and resume", watches::watch);
    report.check("informer", watches::informer);
    report.check("wait for a condition", watches::waiting);
    report.check("leader election", watches::leaderElection);
    report.check("the end of the namespace", watches::namespaceEnds);
  }

  private List<String> eventsAfter(String resourceVersion, int count) throws Exception {
    List<String> seen = new CopyOnWriteArrayList<>();
    var options =
        new ListOptionsBuilder().withResourceVersion(resourceVersion).withLabelSelector("app=watched").build();
    Watcher<ConfigMap> watcher =
        new Watcher<>() {
          @Override
          public void eventReceived(Action action, ConfigMap object) {
            if (action != Action.BOOKMARK) seen.add(action.name());
          }

          @Override
          public void onClose(WatcherException cause) {
            seen.add("closed: " + cause.getMessage());
          }
        };
    try (Watch running = maps.watch(options, watcher)) {
      until(count + " events", () -> seen.size() >= count);
    }
    return seen;
  }

  private void watch() throws Exception {
    String start = maps.list().getMetadata().getResourceVersion();
    ConfigMap made = maps.resource(Objects.configMap("watched")).create();
    maps.withName("watched").edit(one -> new ConfigMapBuilder(one).addToData("color", "blue").build());
    maps.withName("watched").delete();
    same("events", eventsAfter(start, 3), List.of("ADDED", "MODIFIED", "DELETED"));
    same(
        "events after a resume",
        eventsAfter(made.getMetadata().getResourceVersion(), 2),
        List.of("MODIFIED", "DELETED"));
  }

  private void informer() throws Exception {
    List<String> seen = new CopyOnWriteArrayList<>();
    var handler =
        new ResourceEventHandler<ConfigMap>() {
          @Override
          public void onAdd(ConfigMap object) {
            seen.add("add");
          }

          @Override
          public void onUpdate(ConfigMap old, ConfigMap object) {
            seen.add("update");
          }

          @Override
          public void onDelete(ConfigMap object, boolean unknown) {
            seen.add("delete");
          }
        };
    try (var informer = maps.withLabel("app", "informed").inform(handler)) {
      until("the first state", informer::hasSynced);
      maps.resource(Objects.configMap("informed")).create();
      until("an addition", () -> seen.size() == 1);
      maps.withName("informed").edit(one -> new ConfigMapBuilder(one).addToData("color", "blue").build());
      until("an update", () -> seen.size() == 2);
      same("the store", informer.getStore().list().get(0).getData().get("color"), "blue");
      maps.withName("informed").delete();
      until("a deletion", () -> seen.size() == 3);
    }
    same("events", seen, List.of("add", "update", "delete"));
  }

  private void waiting() {
    maps.resource(Objects.configMap("awaited")).create();
    var seen =
        maps.withName("awaited").waitUntilCondition(one -> one != null, 20, TimeUnit.SECONDS);
    same("the object", seen.getMetadata().getName(), "awaited");
  }

  private void leaderElection() throws Exception {
    CompletableFuture<String> leads = new CompletableFuture<>();
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    var elector =
        client
            .leaderElector()
            .withConfig(
                new LeaderElectionConfigBuilder()
                    .withName("interop")
                    .withLock(new LeaseLock(Main.NAMESPACE, "interop", "me"))
                    .withReleaseOnCancel(true)
                    .withLeaseDuration(Duration.ofSeconds(3))
                    .withRenewDeadline(Duration.ofSeconds(2))
                    .withRetryPeriod(Duration.ofMillis(200))
                    .withLeaderCallbacks(
                        new LeaderCallbacks(() -> {}, () -> stopped.complete(null), leads::complete))
                    .build())
            .build();
    var running = elector.start();
    same("the leader", leads.get(20, TimeUnit.SECONDS), "me");
    running.cancel(true);
    stopped.get(20, TimeUnit.SECONDS);
    var leases = client.leases().inNamespace(Main.NAMESPACE).withName("interop");
    // This client lets go by a merge patch, which can't take the holder away but has the lease end at once.
    until("the release", () -> leases.get().getSpec().getLeaseDurationSeconds() == 1);
  }

  private void namespaceEnds() throws Exception {
    var namespace = client.namespaces().withName(Main.NAMESPACE);
    namespace.delete();
    until("the end of the namespace", () -> namespace.get() == null);
  }
}
