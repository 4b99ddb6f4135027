package interop;

import static interop.Report.refused;
import static interop.Report.same;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapList;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reading and writing of objects, typed and generic. */
final class Objects {
  private final KubernetesClient client;
  private final NonNamespaceOperation<ConfigMap, ConfigMapList, Resource<ConfigMap>> maps;

  private Objects(KubernetesClient client) {
    this.client = client;
    this.maps = client.configMaps().inNamespace(Main.NAMESPACE);
  }

  static void check(Report report, KubernetesClient client) {
    Objects objects = new Objects(client);
    report.check("version and a namespace", objects::namespace);
    report.check("create, get, list, update with a conflict", objects::update);
    report.check("patches of each type", objects::patches);
    report.check("server-side apply, its conflict and force", objects::apply);
    report.check("paging", objects::paging);
    report.check("errors", objects::errors);
    report.check("a deployment, its scale and status", objects::deployment);
    report.check("generic resources", objects::generic);
    report.check("delete", objects::delete);
  }

  static ConfigMap configMap(String name) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("app", name)
        .endMetadata()
        .addToData("color", "red")
        .build();
  }

  private void namespace() {
    same("major", client.getKubernetesVersion().getMajor(), "1");
    same("apps is served", client.hasApiGroup("apps", true), true);
    var made =
        client
            .resource(new NamespaceBuilder().withNewMetadata().withName(Main.NAMESPACE).endMetadata().build())
            .create();
    same("phase", made.getStatus().getPhase(), "Active");
  }

  private void update() throws Exception {
    ConfigMap made = maps.resource(configMap("a")).create();
    same("uid", maps.withName("a").get().getMetadata().getUid(), made.getMetadata().getUid());
    same("items", maps.withLabel("app", "a").list().getItems().size(), 1);
    same("an absent one", maps.withName("nothing").get(), null);
    maps.withName("a").edit(one -> new ConfigMapBuilder(one).addToData("color", "blue").build());
    refused(409, "Conflict", () -> maps.resource(made).lockResourceVersion().update());
  }

  private void patches() {
    Resource<ConfigMap> one = maps.withName("a");
    one.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"merge\":\"1\"}}");
    one.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"strategic\":\"1\"}}");
    one.patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"add\",\"path\":\"/data/json\",\"value\":\"1\"}]");
    same(
        "data",
        one.get().getData(),
        Map.of("color", "blue", "merge", "1", "strategic", "1", "json", "1"));
  }

  private void apply() throws Exception {
    ConfigMap blue = new ConfigMapBuilder(configMap("applied")).addToData("color", "blue").build();
    maps.resource(configMap("applied")).fieldManager("one").serverSideApply();
    Status status =
        refused(409, "Conflict", () -> maps.resource(blue).fieldManager("two").serverSideApply());
    same("the cause's field", status.getDetails().getCauses().get(0).getField(), ".data.color");
    ConfigMap forced = maps.resource(blue).fieldManager("two").forceConflicts().serverSideApply();
    same("color", forced.getData().get("color"), "blue");
  }

  private void paging() {
    for (int index = 0; index < 5; index++) {
      maps.resource(
              new ConfigMapBuilder(configMap("page-" + index)).editMetadata().addToLabels("paged", "yes").endMetadata().build())
          .create();
    }
    List<String> names = new ArrayList<>();
    String token = null;
    int pages = 0;
    do {
      ConfigMapList page =
          maps.list(new ListOptionsBuilder().withLabelSelector("paged=yes").withLimit(2L).withContinue(token).build());
      page.getItems().forEach(one -> names.add(one.getMetadata().getName()));
      token = page.getMetadata().getContinue();
      pages++;
    } while (token != null && !token.isEmpty());
    same("pages", pages, 3);
    same("names", names, List.of("page-0", "page-1", "page-2", "page-3", "page-4"));
  }

  private void errors() throws Exception {
    refused(409, "AlreadyExists", () -> maps.resource(configMap("a")).create());
    ConfigMap bad = new ConfigMapBuilder().withNewMetadata().withName("No Name").endMetadata().build();
    Status status = refused(422, "Invalid", () -> maps.resource(bad).create());
    same("the cause's field", status.getDetails().getCauses().get(0).getField(), "metadata.name");
    Status absent = refused(404, "NotFound", () -> maps.resource(configMap("nothing")).update());
    same("message", absent.getMessage(), "configmaps \"nothing\" not found");
    refused(400, "BadRequest", () -> maps.withField("spec.x", "1").list());
  }

  private void deployment() throws Exception {
    Deployment made =
        client
            .apps()
            .deployments()
            .inNamespace(Main.NAMESPACE)
            .resource(
                new DeploymentBuilder()
                    .withNewMetadata()
                    .withName("web")
                    .endMetadata()
                    .withNewSpec()
                    .withReplicas(0)
                    .withNewSelector()
                    .addToMatchLabels("app", "web")
                    .endSelector()
                    .withNewTemplate()
                    .withNewMetadata()
                    .addToLabels("app", "web")
                    .endMetadata()
                    .withNewSpec()
                    .addNewContainer()
                    .withName("web")
                    .withImage("example.invalid/web:1")
                    .withNewResources()
                    .addToRequests("cpu", new Quantity("0.5"))
                    .endResources()
                    .endContainer()
                    .endSpec()
                    .endTemplate()
                    .endSpec()
                    .build())
            .create();
    var container = made.getSpec().getTemplate().getSpec().getContainers().get(0);
    same("cpu", container.getResources().getRequests().get("cpu"), new Quantity("500m"));
    same("maxSurge", made.getSpec().getStrategy().getRollingUpdate().getMaxSurge().getStrVal(), "25%");
    var web = client.apps().deployments().inNamespace(Main.NAMESPACE).withName("web");
    web.scale(1);
    same("replicas", web.get().getSpec().getReplicas(), 1);
    Report.until(
        "a status", () -> Integer.valueOf(1).equals(web.get().getStatus().getReplicas()));
    same("everywhere", client.apps().deployments().inAnyNamespace().list().getItems().size(), 1);
    web.delete();
    Report.until("the end of the deployment", () -> web.get() == null);
  }

  private void generic() {
    var generic =
        client.genericKubernetesResources("v1", "ConfigMap").inNamespace(Main.NAMESPACE).withName("a");
    GenericKubernetesResource got = generic.get();
    same("kind", got.getKind(), "ConfigMap");
    same("color", got.get("data", "color"), "blue");
  }

  private void delete() throws Exception {
    ConfigMap old = maps.withName("a").get();
    maps.withName("a").edit(one -> new ConfigMapBuilder(one).addToData("color", "green").build());
    refused(409, "Conflict", () -> maps.resource(old).lockResourceVersion().delete());
    same("the answer", maps.withName("a").delete().size(), 1);
    same("gone", maps.withName("a").get(), null);
    maps.withLabel("paged", "yes").delete();
    same("left", maps.withLabel("paged", "yes").list().getItems().size(), 0);
  }
}
