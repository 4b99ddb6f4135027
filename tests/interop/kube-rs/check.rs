//! One line a check, as `run.ts` reads them.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// Of the crate `kube`; `Cargo.toml` pins it.
pub const VERSION: &str = "5.0.0";

pub type Outcome = Result<(), Box<dyn Error>>;

#[derive(Default)]
pub struct Report {
    pub failed: bool,
}

impl Report {
    /// Runs one comparison with a deadline of its own; an error is a difference.
    pub async fn check(&mut self, name: &str, body: impl Future<Output = Outcome>) {
        let outcome = tokio::time::timeout(Duration::from_secs(30), body).await;
        let difference = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("took more than 30 s".into()),
        };
        match difference {
            None => println!("ok {name}"),
            Some(why) => {
                self.failed = true;
                println!("not ok {name}: {}", why.replace('\n', " "));
            }
        }
    }
}

pub fn same<T: PartialEq + Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want {
        Ok(())
    } else {
        Err(format!("{what} is {got:?}, not {want:?}").into())
    }
}

/// The call was refused with a Status of this code and reason.
pub fn refused<T: Debug>(
    code: u16,
    reason: &str,
    result: kube::Result<T>,
) -> Result<kube::core::Status, Box<dyn Error>> {
    match result {
        Err(kube::Error::Api(status)) => {
            same("code", status.code, code)?;
            same("reason", status.reason.as_str(), reason)?;
            Ok(*status)
        }
        other => Err(format!("the call gives {other:?}, not {code} {reason}").into()),
    }
}
