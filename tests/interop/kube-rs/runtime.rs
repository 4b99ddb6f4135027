//! The runtime: watchers in both of their ways to begin, a reflector's store, a controller.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{Controller, WatchStreamExt, reflector, watcher as watch};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use crate::check::{Outcome, Report, same};
use crate::objects::{NAMESPACE, config_map};

pub async fn check(report: &mut Report, client: Client) {
    let maps: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    let listed = watcher::Config::default().labels("app=runtime");
    let streamed = listed.clone().streaming_lists();
    report
        .check(
            "watcher: list, then watch",
            follow(maps.clone(), listed.clone()),
        )
        .await;
    report
        .check("watcher: streaming list", follow(maps.clone(), streamed))
        .await;
    report
        .check("reflector", reflect(maps.clone(), listed.clone()))
        .await;
    report.check("controller", control(maps, listed)).await;
}

/// The initial objects, then a change and a deletion.
async fn follow(maps: Api<ConfigMap>, config: watcher::Config) -> Outcome {
    maps.create(&PostParams::default(), &config_map("runtime"))
        .await?;
    let mut events = watch(maps.clone(), config).boxed();
    let mut seen = Vec::new();
    while let Some(event) = events.try_next().await? {
        match event {
            Event::Init => seen.push("init"),
            Event::InitApply(_) => seen.push("init-apply"),
            Event::InitDone => {
                seen.push("init-done");
                let patch = Patch::Merge(json!({ "data": { "color": "blue" } }));
                maps.patch("runtime", &PatchParams::default(), &patch)
                    .await?;
            }
            Event::Apply(_) => {
                seen.push("apply");
                maps.delete("runtime", &DeleteParams::default()).await?;
            }
            Event::Delete(_) => {
                seen.push("delete");
                break;
            }
        }
    }
    same(
        "events",
        seen.join(" ").as_str(),
        "init init-apply init-done apply delete",
    )
}

async fn reflect(maps: Api<ConfigMap>, config: watcher::Config) -> Outcome {
    maps.create(&PostParams::default(), &config_map("runtime"))
        .await?;
    let (store, writer) = reflector::store();
    let stream = reflector(writer, watch(maps.clone(), config))
        .default_backoff()
        .applied_objects();
    let running = tokio::spawn(stream.for_each(|_| async {}));
    store.wait_until_ready().await?;
    let names: Vec<String> = store.state().iter().map(|one| one.name_any()).collect();
    running.abort();
    maps.delete("runtime", &DeleteParams::default()).await?;
    same("the store", names.join(" ").as_str(), "runtime")
}

/// A reconciler that writes, and is called again for what it wrote.
async fn control(maps: Api<ConfigMap>, config: watcher::Config) -> Outcome {
    maps.create(&PostParams::default(), &config_map("runtime"))
        .await?;
    let reconcile = |one: Arc<ConfigMap>, maps: Arc<Api<ConfigMap>>| async move {
        if !one
            .data
            .as_ref()
            .is_some_and(|data| data.contains_key("reconciled"))
        {
            let patch = Patch::Apply(json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": one.name_any() },
                "data": { "reconciled": "yes" },
            }));
            maps.patch(&one.name_any(), &PatchParams::apply("controller"), &patch)
                .await?;
        }
        Ok::<_, kube::Error>(Action::await_change())
    };
    let again = |_: Arc<ConfigMap>, _: &kube::Error, _| Action::requeue(Duration::from_millis(100));
    let running =
        Controller::new(maps.clone(), config).run(reconcile, again, Arc::new(maps.clone()));
    let rounds = running.take(2).collect::<Vec<_>>().await;
    for round in &rounds {
        if let Err(error) = round {
            return Err(error.to_string().into());
        }
    }
    let got = maps.get("runtime").await?;
    same("rounds", rounds.len(), 2)?;
    same(
        "data",
        got.data.unwrap_or_default().contains_key("reconciled"),
        true,
    )
}
