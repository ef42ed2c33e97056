//! `caliper token`.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use caliper_proto::{EnrolToken, Instant};
use fs_err::os::unix::fs::OpenOptionsExt as _;
use jiff::{Span, SpanRelativeTo};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::{
    authority::{Authority, AuthorityError},
    config::{Config, ConfigError},
    context::Context,
    store::{
        StoreError, login,
        token::{self, Role, Token},
    },
};

/// Makes, lists and takes back tokens.
#[derive(Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a token and print its one line
    Create(Create),
    /// List all tokens, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a token back; certificates made from it stay valid (see `caliper agents revoke`)
    Revoke {
        /// Id of the token
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct Create {
    /// What its holders may do
    #[arg(long, value_enum, default_value = "agent")]
    role: Role,
    /// Site or purpose, for the list
    #[arg(long, default_value = "")]
    label: String,
    /// How many newcomers it lets in
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    uses: u32,
    /// How long it lets anybody in, for example 7d or 12h
    #[arg(long, value_name = "TIME", default_value = "7d")]
    expires: Span,
    /// Host and port by which agents reach this aggregator [default: the first of `grpc.addresses`]
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Leave the address out: agents find this aggregator by the record `_caliper._tcp` in the DNS of their own domain, or by `server`
    /// in their configuration
    #[arg(long, conflicts_with = "address")]
    without_address: bool,
    /// Write it to this new file, readable by its owner only, instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Why a token was not made, listed or taken back.
#[derive(Debug, thiserror::Error)]
pub enum TokenCommandError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Agents could not find the aggregator.
    #[error(
        "the token would not say how to reach this aggregator: set `grpc.addresses` in the configuration, or give --address \
         HOST:PORT or --without-address"
    )]
    Address,
    /// No port, or a token nobody can read.
    #[error("`{0}` is not HOST:PORT: correct --address or `grpc.addresses`")]
    BadAddress(String),
    /// Not in the future.
    #[error("--expires must be a time to come, at most 10 years: for example 7d")]
    Expires,
    /// The system has no random numbers.
    #[error("the system gives no random numbers: try again")]
    Random,
    /// The output cannot be written.
    #[error("the token cannot be written: name a new file in a folder that this account may write to")]
    Output(#[source] std::io::Error),
    /// No such token.
    #[error("there is no token `{0}`: `caliper token list` names them")]
    Unknown(String),
}

/// Runs one of the actions.
pub fn run(context: &Context, args: &TokenArgs) -> Result<ExitCode, TokenCommandError> {
    match &args.action {
        Action::Create(create) => make(context, create)?,
        Action::List { json } => list(context, *json)?,
        Action::Revoke { id } => {
            let now = context.clock.now();
            context.store()?.write(|tx| {
                if !token::revoke(tx, id, now)? {
                    return Err(TokenCommandError::Unknown(id.clone()));
                }
                Ok(login::audit(tx, now, "command line", "revoked a token", id)?)
            })?;
            println!("token {id} lets nobody in any more");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn make(context: &Context, create: &Create) -> Result<(), TokenCommandError> {
    let config = context.config()?;
    let address = match &create.address {
        _ if create.without_address => String::new(),
        Some(address) => address.clone(),
        None => reachable(&config).ok_or(TokenCommandError::Address)?,
    };
    let created = context.clock.now();
    let expires = expiry(created, create.expires).ok_or(TokenCommandError::Expires)?;
    let store = context.store()?;
    let authority = Authority::open(&context.data, created)?;
    let (id, secret) = (random::<6>()?, random::<32>()?);
    let line = EnrolToken {
        address: address.clone(),
        id: id.clone(),
        secret: secret.clone(),
        authority: authority.certificate_der().to_vec(),
        name: config.grpc.name,
    }
    .to_line();
    // what we hand out must be readable at the other end
    EnrolToken::from_line(&line).map_err(|_| TokenCommandError::BadAddress(address))?;
    let token = Token {
        id,
        role: create.role.name().into(),
        label: create.label.clone(),
        created,
        expires,
        uses_left: create.uses,
        revoked: None,
    };
    let insert = || {
        store.write::<_, StoreError>(|tx| {
            token::insert(tx, &token, &secret)?;
            let subject = format!("{} for {} of role {}", token.id, token.uses_left, token.role);
            login::audit(tx, created, "command line", "made a token", &subject)
        })
    };
    // the file first: a token that nobody holds may not be counted as handed out
    let Some(path) = &create.output else {
        insert()?;
        println!("{line}");
        return Ok(());
    };
    let write = || -> std::io::Result<()> {
        let mut file = fs_err::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        writeln!(file, "{line}")?;
        file.sync_all()
    };
    write().map_err(TokenCommandError::Output)?;
    insert()?;
    println!("token {} written to {}", token.id, path.display());
    Ok(())
}

/// The first configured address with a port, else the listening address if it is one that can be dialled.
fn reachable(config: &Config) -> Option<String> {
    let listening = config.listen.grpc;
    match config.grpc.addresses.first() {
        Some(address) if has_port(address) => Some(address.clone()),
        Some(_) if listening.port() == 0 => None,
        Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
            Some(format!("[{address}]:{}", listening.port()))
        }
        Some(address) => Some(format!("{address}:{}", listening.port())),
        None => (!listening.ip().is_unspecified() && listening.port() != 0).then(|| listening.to_string()),
    }
}

fn has_port(address: &str) -> bool {
    match address.rsplit_once(':') {
        Some((host, port)) => port.parse::<u16>().is_ok() && (host.ends_with(']') || !host.contains(':')),
        None => false,
    }
}

fn expiry(now: Instant, span: Span) -> Option<Instant> {
    let life = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let micros = i64::try_from(life.as_micros()).ok()?;
    let most = 3653 * 24 * 3600 * 1_000_000_i64;
    (1..=most).contains(&micros).then(|| Instant::from_micros(now.micros() + micros))?
}

fn random<const N: usize>() -> Result<String, TokenCommandError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| TokenCommandError::Random)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn list(context: &Context, json: bool) -> Result<(), TokenCommandError> {
    let tokens = context.store()?.read(token::list)?;
    if json {
        println!("{}", serde_json::json!({ "tokens": tokens }));
        return Ok(());
    }
    let now = context.clock.now();
    println!("{:<10} {:<7} {:>9} {:<28} {:<8} label", "id", "role", "uses left", "expires", "state");
    for token in tokens {
        let state = match (&token.revoked, token.expires <= now, token.uses_left) {
            (Some(_), ..) => "revoked",
            (None, true, _) => "expired",
            (None, false, 0) => "used up",
            (None, false, _) => "open",
        };
        let expires = token.expires.to_string();
        println!("{:<10} {:<7} {:>9} {expires:<28} {state:<8} {}", token.id, token.role, token.uses_left, token.label);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_say_where_the_aggregator_can_be_reached() {
        let reach = |listen: &str, addresses: &[&str]| {
            let mut config = Config::default();
            config.listen.grpc = listen.parse().unwrap();
            config.grpc.addresses = addresses.iter().map(ToString::to_string).collect();
            reachable(&config)
        };
        for (listen, addresses, expected) in [
            ("127.0.0.1:8444", &[][..], Some("127.0.0.1:8444")),
            ("0.0.0.0:8444", &[], None),
            ("127.0.0.1:0", &[], None),
            ("0.0.0.0:8444", &["a.example", "b.example"], Some("a.example:8444")),
            ("0.0.0.0:8444", &["a.example:9000"], Some("a.example:9000")),
            ("0.0.0.0:8444", &["::1"], Some("[::1]:8444")),
            ("0.0.0.0:8444", &["[::1]:9000"], Some("[::1]:9000")),
            ("0.0.0.0:0", &["a.example"], None),
        ] {
            assert_eq!(reach(listen, addresses).as_deref(), expected, "{listen} {addresses:?}");
        }
    }

    #[test]
    fn tokens_live_from_now_on() {
        let now = Instant::from_micros(0).unwrap();
        let until = |text: &str| expiry(now, text.parse().unwrap()).map(Instant::micros);
        assert_eq!(until("7d"), Some(7 * 24 * 3600 * 1_000_000));
        assert_eq!(until("90m"), Some(90 * 60 * 1_000_000));
        assert_eq!(until("0s"), None);
        assert_eq!(until("-1d"), None);
        assert_eq!(until("4000d"), None);
    }
}
