//! `caliper agents`.

use std::process::ExitCode;

use caliper_proto::Instant;

use crate::{
    context::Context,
    store::{StoreError, agent, login},
};

/// Lists agents and readers, shuts one out, asks agents to collect.
#[derive(Debug, clap::Args)]
pub struct AgentsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List all holders of certificates
    List {
        /// Only those whose servers stand there
        #[arg(long)]
        site: Option<String>,
        /// Only those whose servers have this tag
        #[arg(long)]
        tag: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shut one out at once; what it delivered stays
    Revoke {
        /// Id of the agent or reader
        id: String,
    },
    /// Ask one agent, or all, to collect as soon as it is connected
    CollectNow {
        /// Id of the agent [default: all]
        id: Option<String>,
    },
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum AgentsError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such agent.
    #[error("there is no agent `{0}` to ask: `caliper agents list` names them")]
    Unknown(String),
}

/// Runs one of the actions.
pub fn run(context: &Context, args: &AgentsArgs) -> Result<ExitCode, AgentsError> {
    let store = context.store()?;
    let now = context.clock.now();
    match &args.action {
        Action::List { site, tag, json } => {
            let mut agents = store.read(agent::list)?;
            agents.retain(|agent| site.as_ref().is_none_or(|site| agent.site == *site));
            agents.retain(|agent| tag.as_ref().is_none_or(|tag| agent.tags.contains(tag)));
            if *json {
                println!("{}", serde_json::json!({ "agents": agents }));
            } else {
                print(&agents);
            }
        }
        Action::Revoke { id } => {
            store.write(|tx| {
                if !agent::revoke(tx, id, now)? {
                    return Err(AgentsError::Unknown(id.clone()));
                }
                Ok(login::audit(tx, now, "command line", "revoked an agent", id)?)
            })?;
            println!("{id} is shut out; it may come back with a new token only");
        }
        Action::CollectNow { id } => {
            let asked = store.write(|tx| agent::request_collection(tx, id.as_deref(), now))?;
            match id {
                Some(id) if asked == 0 => return Err(AgentsError::Unknown(id.clone())),
                _ => println!("{asked} asked; each collects as soon as it is connected"),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(agents: &[agent::Agent]) {
    println!(
        "{:<36} {:<7} {:<8} {:<28} {:>7} {:>7} {:<16} site, tags",
        "id", "role", "version", "last seen", "queued", "lost", "host name"
    );
    for agent in agents {
        let seen = match (agent.revoked, agent.last_seen) {
            (Some(_), _) => "shut out".to_owned(),
            (None, seen) => seen.as_ref().map_or_else(|| "never".to_owned(), Instant::to_string),
        };
        let named = Some(&agent.site).filter(|site| !site.is_empty());
        let labels: Vec<&str> = named.into_iter().chain(&agent.tags).map(String::as_str).collect();
        println!(
            "{:<36} {:<7} {:<8} {seen:<28} {:>7} {:>7} {:<16} {}",
            agent.id,
            agent.role,
            agent.version.as_deref().unwrap_or(""),
            agent.queued_messages,
            agent.dropped_messages,
            agent.host_name,
            labels.join(", ")
        );
    }
}
