package interop;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Version;

/** Tests the API server that $KUBECONFIG names with fabric8's client: objects, watches, informers, leader election. */
public final class Main {
  static final String NAMESPACE = "fabric8";

  public static void main(String[] arguments) {
    System.out.println("version " + Version.clientVersion());
    Report report = new Report();
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      Objects.check(report, client);
      Watches.check(report, client);
    }
    System.exit(report.failed() ? 1 : 0);
  }
}
