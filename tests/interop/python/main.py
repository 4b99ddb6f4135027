"""Tests the API server that $KUBECONFIG names with the official Python client: typed API, dynamic client, watches."""

import importlib.metadata
import json
import queue
import sys
import threading
import time
import traceback

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import exceptions as dynamic_exceptions

NAMESPACE = "python"
failed = False


def check(name):
    """Runs a function at once and prints one line about it; an exception is a difference."""

    def run(body):
        global failed
        try:
            body()
            print(f"ok {name}")
        except Exception as error:
            failed = True
            traceback.print_exc()
            print(f"not ok {name}: {' '.join(str(error).split())}")

    return run


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what} is {got!r}, not {want!r}")


def refused(status, reason, call):
    """The call fails with a Status of this code and reason. Returns its parsed body."""
    try:
        call()
    except ApiException as error:
        same("status", error.status, status)
        body = json.loads(error.body)
        same("kind", body["kind"], "Status")
        same("reason", body["reason"], reason)
        same("code", body["code"], status)
        return body
    raise AssertionError(f"the call succeeds, instead of {status} {reason}")


def config_map(name, color="red", **metadata):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, **metadata), data={"color": color})


config.load_kube_config()
print(f"version {importlib.metadata.version('kubernetes')}")
core = client.CoreV1Api()
apps = client.AppsV1Api()


@check("version and API groups")
def _():
    same("major", client.VersionApi().get_code().major, "1")
    groups = [group.name for group in client.ApisApi().get_api_versions().groups]
    same("apps is served", "apps" in groups, True)


@check("create a namespace")
def _():
    made = core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    same("phase", made.status.phase, "Active")


@check("create, get, list, replace with a conflict")
def _():
    made = core.create_namespaced_config_map(NAMESPACE, config_map("a", labels={"app": "a"}))
    got = core.read_namespaced_config_map("a", NAMESPACE)
    same("uid", got.metadata.uid, made.metadata.uid)
    same("managers", [one.operation for one in got.metadata.managed_fields], ["Update"])
    listed = core.list_namespaced_config_map(NAMESPACE, label_selector="app=a", watch=False)
    same("names", [one.metadata.name for one in listed.items], ["a"])
    got.data = {"color": "blue"}
    core.replace_namespaced_config_map("a", NAMESPACE, got)
    refused(409, "Conflict", lambda: core.replace_namespaced_config_map("a", NAMESPACE, made))


@check("patches of each type")
def _():
    core.patch_namespaced_config_map("a", NAMESPACE, {"data": {"strategic": "1"}})
    core.patch_namespaced_config_map(
        "a", NAMESPACE, {"data": {"merge": "1"}}, _content_type="application/merge-patch+json"
    )
    core.patch_namespaced_config_map(
        "a", NAMESPACE, [{"op": "add", "path": "/data/json", "value": "1"}], _content_type="application/json-patch+json"
    )
    data = core.read_namespaced_config_map("a", NAMESPACE).data
    same("data", data, {"color": "blue", "strategic": "1", "merge": "1", "json": "1"})


@check("server-side apply and its conflict")
def _():
    def apply(manager, color, force=False):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"color": color}}
        return core.patch_namespaced_config_map(
            "applied", NAMESPACE, body, field_manager=manager, force=force, _content_type="application/apply-patch+yaml"
        )

    apply("one", "red")
    body = refused(409, "Conflict", lambda: apply("two", "blue"))
    same("the cause", body["details"]["causes"][0]["reason"], "FieldManagerConflict")
    same("forced", apply("two", "blue", force=True).data, {"color": "blue"})


@check("dry run")
def _():
    core.create_namespaced_config_map(NAMESPACE, config_map("dry"), dry_run="All")
    refused(404, "NotFound", lambda: core.read_namespaced_config_map("dry", NAMESPACE))


@check("paging")
def _():
    for index in range(5):
        core.create_namespaced_config_map(NAMESPACE, config_map(f"page-{index}", labels={"paged": "yes"}))
    names, token, revisions = [], None, set()
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes", limit=2, _continue=token)
        names += [one.metadata.name for one in page.items]
        revisions.add(page.metadata.resource_version)
        token = page.metadata._continue
        if not token:
            break
    same("names", names, [f"page-{index}" for index in range(5)])
    same("every page has the same resourceVersion", len(revisions), 1)


@check("watch, resume, and a timeout")
def _():
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    made = core.create_namespaced_config_map(NAMESPACE, config_map("watched", labels={"app": "watched"}))
    core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"color": "blue"}})
    core.delete_namespaced_config_map("watched", NAMESPACE)

    def events(resource_version):
        stream = watch.Watch().stream(
            core.list_namespaced_config_map,
            NAMESPACE,
            field_selector="metadata.name=watched",
            resource_version=resource_version,
            timeout_seconds=1,
        )
        return [(one["type"], one["object"].data["color"]) for one in stream]

    same("events", events(start), [("ADDED", "red"), ("MODIFIED", "blue"), ("DELETED", "blue")])
    same("events after", events(made.metadata.resource_version), [("MODIFIED", "blue"), ("DELETED", "blue")])


@check("a watch sees what happens while it runs")
def _():
    seen = queue.Queue()
    running = watch.Watch()

    def follow():
        for event in running.stream(core.list_namespaced_config_map, NAMESPACE, timeout_seconds=20):
            if event["object"].metadata.name == "live":
                seen.put(event["type"])
                running.stop()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    core.create_namespaced_config_map(NAMESPACE, config_map("live"))
    same("event", seen.get(timeout=20), "ADDED")
    thread.join(20)


@check("errors")
def _():
    body = refused(404, "NotFound", lambda: core.read_namespaced_config_map("nothing", NAMESPACE))
    same("message", body["message"], 'configmaps "nothing" not found')
    same("details", body["details"], {"name": "nothing", "kind": "configmaps"})
    refused(409, "AlreadyExists", lambda: core.create_namespaced_config_map(NAMESPACE, config_map("a")))
    body = refused(422, "Invalid", lambda: core.create_namespaced_config_map(NAMESPACE, config_map("No Name")))
    same("field", body["details"]["causes"][0]["field"], "metadata.name")
    refused(400, "BadRequest", lambda: core.list_namespaced_config_map(NAMESPACE, label_selector="a in b"))
    refused(
        400,
        "BadRequest",
        lambda: core.create_namespaced_config_map(
            NAMESPACE, {"metadata": {"name": "x"}, "colour": "red"}, field_validation="Strict"
        ),
    )


@check("a deployment, its scale and status")
def _():
    labels = {"app": "web"}
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels),
        spec=client.V1PodSpec(
            containers=[
                client.V1Container(
                    name="web",
                    image="example.invalid/web:1",
                    resources=client.V1ResourceRequirements(requests={"cpu": "0.5", "memory": "1024Mi"}),
                    ports=[client.V1ContainerPort(container_port=80)],
                )
            ]
        ),
    )
    spec = client.V1DeploymentSpec(
        replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template
    )
    made = apps.create_namespaced_deployment(
        NAMESPACE, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    )
    same("cpu", made.spec.template.spec.containers[0].resources.requests["cpu"], "500m")
    same("maxSurge", made.spec.strategy.rolling_update.max_surge, "25%")
    scaled = apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 1}})
    same("replicas", scaled.spec.replicas, 1)
    deadline = time.monotonic() + 20
    while apps.read_namespaced_deployment_status("web", NAMESPACE).status.replicas != 1:
        if time.monotonic() > deadline:
            raise AssertionError("the controller makes no pod")
        time.sleep(0.05)
    pods = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items
    same("the owner", pods[0].metadata.owner_references[0].kind, "ReplicaSet")
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Foreground")


@check("the dynamic client: discovery, create, apply, watch, delete")
def _():
    dynamic_client = dynamic.DynamicClient(client.ApiClient())
    maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dynamic"}, "data": {"color": "red"}}
    made = maps.create(body=body, namespace=NAMESPACE)
    applied = maps.server_side_apply(
        body={**body, "data": {"shape": "round"}}, name="dynamic", namespace=NAMESPACE, field_manager="dynamic"
    )
    same("data", applied.data.to_dict(), {"color": "red", "shape": "round"})
    stream = maps.watch(namespace=NAMESPACE, name="dynamic", resource_version=made.metadata.resourceVersion, timeout=1)
    same("events", [event["type"] for event in stream], ["MODIFIED"])
    maps.delete(name="dynamic", namespace=NAMESPACE)
    try:
        maps.get(name="dynamic", namespace=NAMESPACE)
    except dynamic_exceptions.NotFoundError:
        return
    raise AssertionError("it is still there")


@check("create from manifests")
def _():
    made = utils.create_from_dict(
        client.ApiClient(),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "web"}]},
        },
        namespace=NAMESPACE,
    )
    same("type", made[0].spec.type, "ClusterIP")
    same("targetPort", made[0].spec.ports[0].target_port, "web")


@check("delete, collections and the namespace")
def _():
    answer = core.delete_namespaced_config_map("a", NAMESPACE)
    same("status", answer.status, "Success")
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="paged=yes")
    left = core.list_namespaced_config_map(NAMESPACE, label_selector="paged=yes").items
    same("left", left, [])
    core.delete_namespace(NAMESPACE)
    deadline = time.monotonic() + 20
    while True:
        try:
            core.read_namespace(NAMESPACE)
        except ApiException as error:
            same("status", error.status, 404)
            break
        if time.monotonic() > deadline:
            raise AssertionError("the namespace stays")
        time.sleep(0.05)


sys.exit(1 if failed else 0)
