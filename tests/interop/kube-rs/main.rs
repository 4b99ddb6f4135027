//! Tests the API server that `$KUBECONFIG` names with kube-rs: typed and dynamic API, watches, the runtime's watcher,
//! reflector and controller.

mod check;
mod objects;
mod runtime;

use std::process::ExitCode;

use check::Report;
use kube::Client;

#[tokio::main]
async fn main() -> ExitCode {
    println!("version {}", check::VERSION);
    let client = match Client::try_default().await {
        Ok(client) => client,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::default();
    objects::check(&mut report, client.clone()).await;
    runtime::check(&mut report, client).await;
    if report.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
