//! The typed and the dynamic API.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams, Preconditions, WatchEvent, WatchParams,
};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::check::{Outcome, Report, refused, same};

pub const NAMESPACE: &str = "kube-rs";

pub fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({
        "metadata": { "name": name, "labels": { "app": name } },
        "data": { "color": "red" },
    }))
    .expect("a ConfigMap")
}

pub async fn check(report: &mut Report, client: Client) {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    report
        .check("version and a namespace", namespace(client.clone()))
        .await;
    report
        .check(
            "create, get, list, replace with a conflict",
            replace(maps.clone()),
        )
        .await;
    report
        .check("patches of each type", patches(maps.clone()))
        .await;
    report
        .check(
            "server-side apply, its conflict and force",
            apply(maps.clone()),
        )
        .await;
    report.check("paging", paging(maps.clone())).await;
    report
        .check("metadata of a list", metadata(maps.clone()))
        .await;
    report.check("watch, and resume", watch(maps.clone())).await;
    report
        .check("errors", errors(client.clone(), maps.clone()))
        .await;
    report
        .check(
            "a deployment, its scale and status",
            deployment(client.clone()),
        )
        .await;
    report
        .check("discovery and dynamic objects", dynamic(client))
        .await;
    report
        .check("delete, with preconditions and collections", delete(maps))
        .await;
}

async fn namespace(client: Client) -> Outcome {
    same(
        "major",
        client.apiserver_version().await?.major.as_str(),
        "1",
    )?;
    let wanted: Namespace = serde_json::from_value(json!({ "metadata": { "name": NAMESPACE } }))?;
    let made = Api::all(client)
        .create(&PostParams::default(), &wanted)
        .await?;
    same(
        "phase",
        made.status.and_then(|status| status.phase),
        Some("Active".into()),
    )
}

async fn replace(maps: Api<ConfigMap>) -> Outcome {
    let params = PostParams::default();
    let made = maps.create(&params, &config_map("a")).await?;
    let mut got = maps.get("a").await?;
    same("uid", got.uid(), made.uid())?;
    let listed = maps
        .list(
            &ListParams::default()
                .labels("app=a")
                .fields("metadata.name=a"),
        )
        .await?;
    same("items", listed.items.len(), 1)?;
    got.data
        .get_or_insert_default()
        .insert("color".into(), "blue".into());
    maps.replace("a", &params, &got).await?;
    refused(409, "Conflict", maps.replace("a", &params, &made).await)?;
    same(
        "an absent one",
        maps.get_opt("nothing").await?.is_none(),
        true,
    )
}

async fn patches(maps: Api<ConfigMap>) -> Outcome {
    let params = PatchParams::default();
    maps.patch(
        "a",
        &params,
        &Patch::Merge(json!({ "data": { "merge": "1" } })),
    )
    .await?;
    let got = maps
        .patch(
            "a",
            &params,
            &Patch::Strategic(json!({ "data": { "strategic": "1" } })),
        )
        .await?;
    let data = BTreeMap::from([("color", "blue"), ("merge", "1"), ("strategic", "1")]);
    let want: BTreeMap<String, String> = data
        .into_iter()
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    same("data", got.data.unwrap_or_default(), want)
}

async fn apply(maps: Api<ConfigMap>) -> Outcome {
    let configuration = |color: &str| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "applied" }, "data": { "color": color },
        }))
    };
    maps.patch("applied", &PatchParams::apply("one"), &configuration("red"))
        .await?;
    let other = PatchParams::apply("two");
    let status = refused(
        409,
        "Conflict",
        maps.patch("applied", &other, &configuration("blue")).await,
    )?;
    let causes = status
        .details
        .map(|details| details.causes)
        .unwrap_or_default();
    same(
        "the cause's field",
        causes.first().map(|cause| cause.field.as_str()),
        Some(".data.color"),
    )?;
    let forced = maps
        .patch("applied", &other.force(), &configuration("blue"))
        .await?;
    same(
        "color",
        forced
            .data
            .unwrap_or_default()
            .get("color")
            .map(String::as_str),
        Some("blue"),
    )
}

async fn paging(maps: Api<ConfigMap>) -> Outcome {
    for index in 0..5 {
        let mut one = config_map(&format!("page-{index}"));
        one.labels_mut().insert("paged".into(), "yes".into());
        maps.create(&PostParams::default(), &one).await?;
    }
    let mut params = ListParams::default().labels("paged=yes").limit(2);
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let page = maps.list(&params).await?;
        pages += 1;
        names.extend(page.items.iter().map(ResourceExt::name_any));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    same("pages", pages, 3)?;
    same(
        "names",
        names.join(" ").as_str(),
        "page-0 page-1 page-2 page-3 page-4",
    )
}

async fn metadata(maps: Api<ConfigMap>) -> Outcome {
    let listed = maps
        .list_metadata(&ListParams::default().labels("paged=yes"))
        .await?;
    same("items", listed.items.len(), 5)?;
    let one = maps.get_metadata("page-0").await?;
    same(
        "kind",
        one.types.map(|types| types.kind),
        Some("PartialObjectMetadata".into()),
    )
}

async fn watch(maps: Api<ConfigMap>) -> Outcome {
    let start = maps
        .list(&ListParams::default())
        .await?
        .metadata
        .resource_version
        .unwrap_or_default();
    let made = maps
        .create(&PostParams::default(), &config_map("watched"))
        .await?;
    maps.patch(
        "watched",
        &PatchParams::default(),
        &Patch::Merge(json!({ "data": { "color": "blue" } })),
    )
    .await?;
    maps.delete("watched", &DeleteParams::default()).await?;
    let params = WatchParams::default()
        .fields("metadata.name=watched")
        .timeout(20);
    let types = |count: usize, version: String| {
        let (maps, params) = (maps.clone(), params.clone());
        async move {
            let events = maps
                .watch(&params, &version)
                .await?
                .take(count)
                .try_collect::<Vec<_>>()
                .await?;
            let names = events.iter().map(|event| match event {
                WatchEvent::Added(_) => "ADDED",
                WatchEvent::Modified(_) => "MODIFIED",
                WatchEvent::Deleted(_) => "DELETED",
                WatchEvent::Bookmark(_) => "BOOKMARK",
                WatchEvent::Error(_) => "ERROR",
            });
            Ok::<_, kube::Error>(names.collect::<Vec<_>>().join(" "))
        }
    };
    same(
        "events",
        types(3, start).await?.as_str(),
        "ADDED MODIFIED DELETED",
    )?;
    let after = made.resource_version().unwrap_or_default();
    same(
        "events after a resume",
        types(2, after).await?.as_str(),
        "MODIFIED DELETED",
    )
}

async fn errors(client: Client, maps: Api<ConfigMap>) -> Outcome {
    let status = refused(404, "NotFound", maps.get("nothing").await)?;
    same(
        "message",
        status.message.as_str(),
        "configmaps \"nothing\" not found",
    )?;
    refused(
        409,
        "AlreadyExists",
        maps.create(&PostParams::default(), &config_map("a")).await,
    )?;
    let bad: ConfigMap = serde_json::from_value(json!({ "metadata": { "name": "No Name" } }))?;
    let status = refused(
        422,
        "Invalid",
        maps.create(&PostParams::default(), &bad).await,
    )?;
    let causes = status
        .details
        .map(|details| details.causes)
        .unwrap_or_default();
    same(
        "the cause's field",
        causes.first().map(|cause| cause.field.as_str()),
        Some("metadata.name"),
    )?;
    refused(
        400,
        "BadRequest",
        maps.list(&ListParams::default().fields("spec.x=1")).await,
    )?;
    let elsewhere: Api<ConfigMap> = Api::namespaced(client, "no-such-namespace");
    refused(
        404,
        "NotFound",
        elsewhere
            .create(&PostParams::default(), &config_map("a"))
            .await,
    )?;
    Ok(())
}

async fn deployment(client: Client) -> Outcome {
    let deployments: Api<Deployment> = Api::namespaced(client, NAMESPACE);
    let wanted: Deployment = serde_json::from_value(json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "web", "image": "example.invalid/web:1" }] },
            },
        },
    }))?;
    deployments.create(&PostParams::default(), &wanted).await?;
    same(
        "replicas",
        deployments
            .get_scale("web")
            .await?
            .spec
            .and_then(|spec| spec.replicas),
        Some(2),
    )?;
    let merge = Patch::Merge(json!({ "spec": { "replicas": 0 } }));
    deployments
        .patch_scale("web", &PatchParams::default(), &merge)
        .await?;
    same(
        "scaled",
        deployments
            .get("web")
            .await?
            .spec
            .and_then(|spec| spec.replicas),
        Some(0),
    )?;
    let status =
        Patch::Merge(json!({ "status": { "observedGeneration": 7 }, "spec": { "replicas": 5 } }));
    let patched = deployments
        .patch_status("web", &PatchParams::default(), &status)
        .await?;
    same(
        "the status leaves the spec",
        patched.spec.and_then(|spec| spec.replicas),
        Some(0),
    )?;
    deployments
        .delete("web", &DeleteParams::foreground())
        .await?
        .map_left(drop);
    Ok(())
}

async fn dynamic(client: Client) -> Outcome {
    let kind = GroupVersionKind::gvk("networking.k8s.io", "v1", "Ingress");
    let (resource, capabilities) = kube::discovery::pinned_kind(&client, &kind).await?;
    same("plural", resource.plural.as_str(), "ingresses")?;
    same(
        "it has status",
        capabilities
            .subresources
            .iter()
            .any(|(sub, _)| sub.plural == "ingresses/status" || sub.plural == "status"),
        true,
    )?;
    let known = ApiResource::erase::<ConfigMap>(&());
    let maps: Api<DynamicObject> = Api::namespaced_with(client, NAMESPACE, &known);
    let made = DynamicObject::new("dynamic", &known).data(json!({ "data": { "color": "red" } }));
    let made = maps.create(&PostParams::default(), &made).await?;
    same(
        "color",
        made.data.pointer("/data/color").and_then(Value::as_str),
        Some("red"),
    )
}

async fn delete(maps: Api<ConfigMap>) -> Outcome {
    let wrong = Preconditions {
        uid: Some("somebody-else".into()),
        resource_version: None,
    };
    refused(
        409,
        "Conflict",
        maps.delete("a", &DeleteParams::default().preconditions(wrong))
            .await
            .map(|_| ()),
    )?;
    maps.delete("a", &DeleteParams::default()).await?;
    maps.delete_collection(
        &DeleteParams::default(),
        &ListParams::default().labels("paged=yes"),
    )
    .await?;
    same(
        "left",
        maps.list(&ListParams::default().labels("paged=yes"))
            .await?
            .items
            .len(),
        0,
    )
}
