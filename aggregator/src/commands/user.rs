//! `caliper user`: people who may sign in, and tokens for programs that act for them.

use std::{io::Read, path::PathBuf, process::ExitCode};

use caliper_proto::Instant;

use crate::{
    config::ConfigError,
    context::Context,
    store::{
        StoreError,
        login::{self, Role},
    },
    web::{self, InviteError, secret},
};

/// People who may sign in to the pages, and tokens for programs.
#[derive(Debug, clap::Args)]
pub struct UserArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print a link by which one person chooses a name and a password; it works once, within 24 hours
    Invite {
        /// viewer (numbers only), analyst (names), operator (scans, agents) or administrator
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// How browsers reach the pages [default: the address in `listen.pages`]
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Add a person whose password stands in a file
    Create {
        /// Sign-in name
        name: String,
        /// viewer (numbers only), analyst (names), operator (scans, agents) or administrator
        #[arg(long)]
        role: Role,
        /// File whose first line is the password; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Shut a person out at once: sessions and API tokens end, the name stays taken
    Disable {
        /// Sign-in name
        name: String,
    },
    /// Print a token with which a program uses the REST API as this person
    ApiToken {
        /// Sign-in name
        name: String,
        /// Days until the token ends, at most 3650, for example 90d
        #[arg(long, value_name = "DAYS", default_value = "90d", value_parser = days)]
        expires: i64,
    },
}

/// Why a command about people fails.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The invitation cannot be made.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The password or a secret is refused.
    #[error(transparent)]
    Secret(#[from] secret::SecretError),
    /// The password cannot be read.
    #[error("the password cannot be read: name an existing file with --password-file, or `-`")]
    Password(#[source] std::io::Error),
    /// The name cannot be used.
    #[error("{0}")]
    Name(&'static str),
    /// Somebody has the name.
    #[error("`{0}` is there already: choose another name")]
    Taken(String),
    /// Nobody has the name.
    #[error("nobody is called `{0}`: add the person with `caliper user create` or `caliper user invite`")]
    Unknown(String),
}

fn days(text: &str) -> Result<i64, String> {
    let number: Option<i64> = text.strip_suffix('d').unwrap_or(text).parse().ok();
    number.filter(|days| (1..=3650).contains(days)).ok_or_else(|| "use 1d to 3650d".to_owned())
}

/// Longest password file read.
const LONGEST: u64 = 4096;

fn read_password(path: &PathBuf) -> Result<String, UserError> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().take(LONGEST).read_to_string(&mut text)
    } else {
        fs_err::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    }
    .map_err(UserError::Password)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Carries out the command.
pub fn run(context: &Context, args: &UserArgs) -> Result<ExitCode, UserError> {
    let now = context.clock.now();
    match &args.action {
        Action::Invite { role, url } => {
            let url = if let Some(url) = url {
                url.clone()
            } else {
                let config = context.config()?;
                let scheme = if config.pages.tls { "https" } else { "http" };
                format!("{scheme}://{}", config.listen.pages)
            };
            println!("{}", web::invitation_link(&context.store()?, &url, *role, now)?);
        }
        Action::Create { name, role, password_file } => {
            web::check_name(name).map_err(UserError::Name)?;
            let hash = secret::hash_password(name, &read_password(password_file)?)?;
            let added = context.store()?.write(|tx| {
                let added = login::add(tx, name, *role, &hash, now)?;
                if added {
                    login::audit(tx, now, "command line", "added a person", &format!("{name} as {role}"))?;
                }
                Ok::<_, StoreError>(added)
            })?;
            if !added {
                return Err(UserError::Taken(name.clone()));
            }
        }
        Action::Disable { name } => {
            context.store()?.write(|tx| {
                if !login::disable(tx, name, now)? {
                    return Err(UserError::Unknown(name.clone()));
                }
                Ok(login::audit(tx, now, "command line", "shut out", name)?)
            })?;
            println!("{name} is shut out");
        }
        Action::ApiToken { name, expires } => {
            let token = secret::token()?;
            let end = Instant::from_micros(now.micros() + expires * 24 * 3600 * 1_000_000).unwrap_or(now);
            context.store()?.write(|tx| {
                let (id, _) = login::password(tx, name)?.ok_or_else(|| UserError::Unknown(name.clone()))?;
                // without the secret of a form it is no browser's session
                login::begin_session(tx, id, &secret::digest(&token), "", now, end)?;
                login::audit(tx, now, "command line", "made an API token", name)?;
                Ok::<_, UserError>(())
            })?;
            println!("{token}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_with_or_without_their_letter() {
        for (text, days_left) in [("90d", Ok(90)), ("1", Ok(1)), ("3650d", Ok(3650))] {
            assert_eq!(days(text), days_left);
        }
        for text in ["0d", "3651d", "-1", "d", "a week"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
