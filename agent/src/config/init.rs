//! The first configuration, as an installer writes it: once, and never over one that is there.

use std::{io, path::Path};

use serde::Serialize;

use super::{Config, ConfigError, parse};
use crate::{
    environment::Environment,
    state::{Folder, create_private, replace_durably},
};

/// What an installer was told; empty texts are as good as none.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// `server`.
    pub server: Option<String>,
    /// `proxy`.
    pub proxy: Option<String>,
    /// `site`.
    pub site: Option<String>,
    /// `tags`, separated by commas.
    pub tags: Option<String>,
    /// `log.level`.
    pub log_level: Option<String>,
    /// File that holds a token, to be kept for the service.
    pub token_file: Option<std::path::PathBuf>,
}

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Initialised {
    /// Whether the file was written; otherwise there was one, which stays.
    pub written: bool,
    /// Whether a token was kept for the service; an agent that is enrolled needs none.
    pub token_kept: bool,
}

/// Why there is no first configuration.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A wish is wrong, or a file that is there.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Not written.
    #[error("cannot write the configuration: run as administrator, or name another file with `--config`")]
    Write(#[source] io::Error),
    /// The token cannot be taken over.
    #[error("cannot take over the token: check that the file exists and that this account may read it")]
    Token(#[source] io::Error),
}

#[derive(Serialize)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Log>,
}

#[derive(Serialize)]
struct Log {
    level: String,
}

/// Longest token taken over, in bytes.
const LONGEST: u64 = 64 << 10;

/// Writes the configuration to `named`, or to the usual place, unless there is one, and keeps the token for the service.
pub fn init(named: Option<&Path>, wishes: Wishes, environment: &Environment) -> Result<Initialised, InitError> {
    let path = named.unwrap_or(&environment.config);
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let file = File {
        server: some(wishes.server),
        proxy: some(wishes.proxy),
        site: some(wishes.site),
        tags: some(wishes.tags)
            .map(|tags| tags.split(',').map(|tag| tag.trim().to_owned()).collect())
            .unwrap_or_default(),
        log: some(wishes.log_level).map(|level| Log { level }),
    };
    let text = toml::to_string(&file).unwrap_or_default();
    let written = !path.exists();
    let config: Config =
        if written { parse(&text, path, environment)? } else { Config::load(Some(path), environment)? };
    if written {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_private(folder).map_err(InitError::Write)?;
        }
        replace_durably(path, text.as_bytes()).map_err(InitError::Write)?;
    }
    let token = wishes.token_file.filter(|file| !file.as_os_str().is_empty());
    let folder = config.folder();
    let token_kept = match token {
        Some(file) if !folder.identity().exists() => {
            keep(&file, &folder)?;
            true
        }
        _ => false,
    };
    Ok(Initialised { written, token_kept })
}

/// Copies the token; who made the file may need it for other servers.
fn keep(file: &Path, folder: &Folder) -> Result<(), InitError> {
    use io::Read as _;
    let mut token = Vec::new();
    let read = fs_err::File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut token));
    read.map_err(InitError::Token)?;
    folder.prepare().map_err(InitError::Write)?;
    replace_durably(&folder.token(), &token).map_err(InitError::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(folder: &Path) -> Environment {
        Environment {
            policy: Vec::new,
            usage: || None,
            services: || Ok(Vec::new()),
            now: caliper_proto::Instant::default,
            random: || 0,
            zone: || jiff::tz::TimeZone::UTC,
            host_name: String::new(),
            config: folder.join("etc").join("config.toml"),
            state: folder.join("state"),
        }
    }

    fn wishes(server: &str, level: &str) -> Wishes {
        Wishes { server: Some(server.into()), log_level: Some(level.into()), ..Wishes::default() }
    }

    #[test]
    fn the_first_configuration_is_written_once_and_stays() {
        let place = tempfile::tempdir().unwrap();
        let environment = environment(place.path());
        let first = init(None, wishes("a.example.org:8444", "debug"), &environment).unwrap();
        assert_eq!(first, Initialised { written: true, token_kept: false });
        let config = Config::load(None, &environment).unwrap();
        assert_eq!(
            (config.server.value.as_deref(), config.log_level.value.as_str()),
            (Some("a.example.org:8444"), "debug")
        );
        assert!(!init(None, wishes("b.example.org:8444", ""), &environment).unwrap().written);
        assert_eq!(Config::load(None, &environment).unwrap(), config);
    }

    #[test]
    fn wishes_may_be_empty_and_must_not_be_wrong() {
        let place = tempfile::tempdir().unwrap();
        let environment = environment(place.path());
        let error = init(None, wishes("no port", ""), &environment).unwrap_err().to_string();
        assert!(error.contains("`server`: expected `host:port`"), "{error}");
        let labelled =
            |site: &str, tags: &str| Wishes { site: Some(site.into()), tags: Some(tags.into()), ..Wishes::default() };
        for (site, tags, key) in [("a,b", "", "site"), ("Munich", "a,,b", "tags")] {
            let error = init(None, labelled(site, tags), &environment).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`: expected ")), "{error}");
        }
        assert!(!environment.config.exists(), "nothing is written then");
        assert!(init(None, labelled("Munich \"1\"", "test, tier 1"), &environment).unwrap().written);
        let config = Config::load(None, &environment).unwrap();
        assert_eq!(
            (config.site.value.as_deref(), config.tags.value),
            (Some("Munich \"1\""), vec!["test".into(), "tier 1".into()])
        );
        fs_err::remove_file(&environment.config).unwrap();
        assert!(init(None, wishes("", ""), &environment).unwrap().written);
        assert_eq!(Config::load(None, &environment).unwrap(), Config::defaults(&environment));
    }

    #[test]
    fn a_token_is_kept_until_the_agent_is_enrolled() {
        let place = tempfile::tempdir().unwrap();
        let environment = environment(place.path());
        let file = place.path().join("token");
        fs_err::write(&file, "caliper1.token\n").unwrap();
        let with_token = || Wishes { token_file: Some(file.clone()), ..Wishes::default() };
        assert!(init(None, with_token(), &environment).unwrap().token_kept);
        let folder = Folder::new(&environment.state);
        assert_eq!(fs_err::read_to_string(folder.token()).unwrap(), "caliper1.token\n");
        assert!(file.exists(), "other servers may need it");

        fs_err::remove_file(folder.token()).unwrap();
        fs_err::write(folder.identity(), "{}").unwrap();
        let again = init(None, with_token(), &environment).unwrap();
        assert_eq!(again, Initialised { written: false, token_kept: false });
        fs_err::remove_file(folder.identity()).unwrap();
        fs_err::remove_file(&file).unwrap();
        let error = init(None, with_token(), &environment).unwrap_err().to_string();
        assert!(error.starts_with("cannot take over the token"), "{error}");
    }
}
