//! The way to the aggregator, step by step: name, port, TLS, and whether it takes this agent.

use std::time::Duration;

use caliper_proto::wire;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tonic::Code;
use wire::enrolment_client::EnrolmentClient;

use super::Check;
use crate::{
    connection::{Target, Trouble},
    identity::Identity,
};

/// Longest wait for one step.
const STEP: Duration = Duration::from_secs(10);

/// Goes as far as it gets.
pub async fn examine(target: &Target, identity: &Identity) -> Vec<Check> {
    let address = &target.address;
    let mut checks = Vec::new();
    let name = timeout(STEP, lookup_host(address)).await;
    let found = match name {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => return fail(checks, "name", format!("{address} is not known ({error}): {NAME_ADVICE}")),
        Err(_) => return fail(checks, "name", format!("no answer for {address}: {NAME_ADVICE}")),
    };
    let addresses: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
    checks.push(Check::ok("name", format!("{address} is {}", addresses.join(", "))));
    match timeout(STEP, TcpStream::connect(found.as_slice())).await {
        Ok(Ok(_)) => checks.push(Check::ok("port", format!("{address} takes connections"))),
        Ok(Err(error)) => {
            return fail(checks, "port", format!("{address} takes no connection ({error}): {PORT_ADVICE}"));
        }
        Err(_) => return fail(checks, "port", format!("no answer from {address}: {PORT_ADVICE}")),
    }
    let channel = match target.connect(Some(identity)).await {
        Ok(channel) => channel,
        Err(trouble) => return fail(checks, "tls", trouble.to_string()),
    };
    checks.push(Check::ok("tls", "the aggregator's certificate is from the trusted authority"));
    // An empty request for a certificate changes nothing: whoever is known is told that it is no request, everybody else
    // is turned away before. A stream would take the place of the running agent's.
    let nothing = wire::RenewRequest { request: Vec::new() };
    match timeout(STEP, EnrolmentClient::new(channel).renew(nothing)).await {
        Ok(Err(status)) if status.code() != Code::InvalidArgument => {
            return fail(checks, "delivery", Trouble::of_status(address, &status).to_string());
        }
        Ok(_) => checks.push(Check::ok("delivery", "the aggregator accepts this agent")),
        Err(_) => {
            return fail(checks, "delivery", format!("no answer from {address} in time: see the aggregator's log"));
        }
    }
    checks
}

const NAME_ADVICE: &str = "check `server` in the configuration and the name service";
const PORT_ADVICE: &str = "check that the aggregator runs, the port and the firewall";

fn fail(mut checks: Vec<Check>, name: &'static str, finding: String) -> Vec<Check> {
    checks.push(Check::failed(name, finding));
    checks
}
