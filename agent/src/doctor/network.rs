//! The way to the aggregator, step by step: name, port, TLS, and whether it takes this agent.

use std::{net::SocketAddr, time::Duration};

use caliper_proto::{EnrolToken, Instant, wire};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tonic::{Code, Status, transport::Channel};
use wire::enrolment_client::EnrolmentClient;

use super::{Check, State, between};
use crate::{
    connection::{SERVICE, Target, Trouble},
    environment::Environment,
    identity::Identity,
};

/// Longest wait for one step.
const STEP: Duration = Duration::from_secs(10);

/// Clocks further apart than this deserve a look: Kerberos would no longer work either.
const APART: i64 = 5 * 60;

/// Who wants to be let in.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// An agent with a certificate.
    Agent(&'a Identity),
    /// One with a token only.
    Newcomer(&'a EnrolToken),
}

/// Goes as far as it gets; then the ways that DNS names.
pub async fn examine(target: &Target, caller: Caller<'_>, environment: &Environment) -> Vec<Check> {
    const NAME: &str = "service record";
    let now = (environment.now)();
    let mut checks = Vec::new();
    let is_told = !target.address.is_empty();
    let failed = if is_told {
        match go(target, caller, now, &mut checks).await {
            Ok(()) => return checks,
            Err(failed) => failed,
        }
    } else {
        Check::failed(NAME, Trouble::Nowhere.to_string())
    };
    if !target.may_move {
        checks.push(failed);
        return checks;
    }
    let others = target.elsewhere(environment).await.unwrap_or_else(|error| {
        checks.push(Check::warning(NAME, format!("DNS was asked where the aggregator is: {error}")));
        Vec::new()
    });
    if others.is_empty() {
        checks.push(failed);
    } else if is_told {
        checks.push(Check { state: State::Warning, ..failed });
    }
    if let Some(last) = others.last() {
        let named: Vec<&str> = others.iter().map(|other| other.address.as_str()).collect();
        checks.push(Check::ok(NAME, format!("`{SERVICE}` of this computer's domain names {}", named.join(", "))));
        for other in &others {
            let Err(failed) = go(other, caller, now, &mut checks).await else { break };
            let state = if other.address == last.address { State::Failed } else { State::Warning };
            checks.push(Check { state, ..failed });
        }
    }
    checks
}

async fn go(target: &Target, caller: Caller<'_>, now: Instant, checks: &mut Vec<Check>) -> Result<(), Check> {
    let address = &target.address;
    match &target.proxy {
        None => directly(address, checks).await?,
        // names are its business
        Some(proxy) => match target.dial().await {
            Ok(_) => checks.push(Check::ok("proxy", format!("{proxy} connects to {address}"))),
            Err(trouble) => return Err(Check::failed("proxy", trouble.to_string())),
        },
    }
    let identity = match caller {
        Caller::Agent(identity) => Some(identity),
        Caller::Newcomer(_) => None,
    };
    let channel = match target.connect(identity).await {
        Ok(channel) => channel,
        Err(trouble) => return Err(Check::failed("tls", with_what_is_between(trouble, target).await)),
    };
    checks.push(Check::ok("tls", "the aggregator's certificate is from the trusted authority"));
    let answer = match caller {
        Caller::Agent(_) => timeout(STEP, ask_as_agent(channel)).await,
        Caller::Newcomer(token) => timeout(STEP, ask_with(token, channel)).await,
    };
    let (name, welcome) = match caller {
        Caller::Agent(_) => ("delivery", "the aggregator accepts this agent"),
        Caller::Newcomer(_) => ("token", "the aggregator accepts the token: the service will enrol with it"),
    };
    let answer = answer
        .map_err(|_| Check::failed(name, format!("no answer from {address} in time: see the aggregator's log")))?;
    checks.push(match (answer.code(), caller) {
        // neither request is one to be signed: this is what those are told whom it would let in
        (Code::InvalidArgument, _) => Check::ok(name, welcome),
        (Code::Unauthenticated | Code::PermissionDenied | Code::ResourceExhausted, Caller::Newcomer(_)) => {
            let said = answer.message();
            Check::failed(name, format!("the aggregator at {address} does not accept the token: {said}"))
        }
        _ => Check::failed(name, Trouble::of_status(address, &answer).to_string()),
    });
    checks.extend(clocks(&answer, now));
    Ok(())
}

async fn directly(address: &str, checks: &mut Vec<Check>) -> Result<(), Check> {
    let found = resolve(address).await?;
    let addresses: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
    checks.push(Check::ok("name", format!("{address} is {}", addresses.join(", "))));
    match timeout(STEP, TcpStream::connect(found.as_slice())).await {
        Ok(Ok(_)) => checks.push(Check::ok("port", format!("{address} takes connections"))),
        Ok(Err(error)) => {
            let finding = format!("{address} takes no connection ({error}): {PORT_ADVICE}");
            return Err(Check::failed("port", finding));
        }
        Err(_) => return Err(Check::failed("port", format!("no answer from {address}: {PORT_ADVICE}"))),
    }
    Ok(())
}

async fn resolve(address: &str) -> Result<Vec<SocketAddr>, Check> {
    match timeout(STEP, lookup_host(address)).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => Err(Check::failed("name", format!("{address} is not known ({error}): {NAME_ADVICE}"))),
        Err(_) => Err(Check::failed("name", format!("no answer for {address}: {NAME_ADVICE}"))),
    }
}

async fn with_what_is_between(trouble: Trouble, target: &Target) -> String {
    if matches!(trouble, Trouble::WrongName(_) | Trouble::Clock(_)) {
        return trouble.to_string();
    }
    let name = target.name.clone();
    let stream = target.dial().await.ok().and_then(|stream| stream.into_std().ok());
    let seen = tokio::task::spawn_blocking(move || between::look(stream?, &name)).await.ok().flatten();
    match seen {
        // what stands there says more than that nobody can be reached
        Some(seen) if trouble.passes() => format!("no TLS with {target}: {seen}"),
        Some(seen) => format!("{trouble}; {seen}"),
        None => trouble.to_string(),
    }
}

/// An empty request for a certificate changes nothing: whoever is known is told that it is no request, everybody else is
/// turned away before. A stream would take the place of the running agent's.
async fn ask_as_agent(channel: Channel) -> Status {
    let nothing = wire::RenewRequest { request: Vec::new() };
    EnrolmentClient::new(channel).renew(nothing).await.err().unwrap_or_else(|| Status::invalid_argument(""))
}

/// The same with a token, which is not used up by it.
async fn ask_with(token: &EnrolToken, channel: Channel) -> Status {
    let nothing = wire::EnrolRequest {
        token_id: token.id.clone(),
        token_secret: token.secret.clone(),
        request: Vec::new(),
        host_name: String::new(),
    };
    EnrolmentClient::new(channel).enrol(nothing).await.err().unwrap_or_else(|| Status::invalid_argument(""))
}

/// The aggregator's time comes with every answer.
fn clocks(answer: &Status, now: Instant) -> Option<Check> {
    const NAME: &str = "clocks";
    let date = answer.metadata().get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let ahead = now.micros() / 1_000_000 - theirs;
    let which = if ahead > 0 { "ahead of" } else { "behind" };
    Some(if ahead.abs() <= APART {
        Check::ok(NAME, "this computer and the aggregator agree about the time")
    } else {
        let finding = format!(
            "this computer's clock is {} seconds {which} the aggregator's: set the clock that is wrong, as days of use are \
             counted by it",
            ahead.abs()
        );
        Check::failed(NAME, finding)
    })
}

const NAME_ADVICE: &str = "check `server` in the configuration and the name service";
const PORT_ADVICE: &str = "check that the aggregator runs, the port and the firewall";
