//! The configuration as it is now: somebody may change the file or Group Policy while the agent runs.
//!
//! What the aggregator configures comes over the wire and is no business of this module.

use std::path::PathBuf;

use crate::{config::Config, environment::Environment, sentence::sentence};

/// What holds from the next start on only: files are open there, or the log has begun.
const AT_START: [&str; 4] = ["state", "collect.from", "queue.max_bytes", "log.level"];

/// What file and Group Policy say.
#[derive(Debug)]
pub struct Settings {
    named: Option<PathBuf>,
    environment: Environment,
    config: Config,
    /// What is wrong with them by now; said once.
    problem: Option<String>,
}

impl Settings {
    /// Those of a configuration that was loaded from `named`, or from the usual file.
    #[must_use]
    pub fn new(named: Option<PathBuf>, environment: Environment, config: Config) -> Self {
        Self { named, environment, config: config.without_remote(), problem: None }
    }

    /// What they said when they were looked at last, without the aggregator's word.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Looks at them; returns them if they changed. What is wrong now changes nothing and is logged.
    pub fn look(&mut self) -> Option<&Config> {
        let config = match Config::stated(self.named.as_deref(), &self.environment) {
            Ok(config) => config,
            Err(error) => {
                let problem = Some(sentence(&error));
                if problem != self.problem {
                    tracing::error!(
                        "the configuration was changed and is wrong, so what it said before holds: {error}"
                    );
                }
                self.problem = problem;
                return None;
            }
        };
        self.problem = None;
        if config == self.config {
            return None;
        }
        for key in changed(&self.config, &config) {
            if AT_START.contains(&key) {
                tracing::warn!("`{key}` was changed: restart the agent to make it hold");
            } else {
                tracing::info!("`{key}` was changed");
            }
        }
        self.config = config;
        Some(&self.config)
    }
}

/// Keys whose values differ.
fn changed(before: &Config, after: &Config) -> Vec<&'static str> {
    let pairs = before.lines().into_iter().zip(after.lines());
    pairs.filter(|((_, before, _), (_, after, _))| before != after).map(|((key, ..), _)| key).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::config::{Policy, tests::environment};

    #[test]
    fn the_file_and_group_policy_are_looked_at_and_what_is_wrong_is_left() {
        static POLICY: Mutex<Policy> = Mutex::new(Policy::new());
        let place = tempfile::tempdir().unwrap();
        let mut environment = environment();
        environment.config = place.path().join("agent.toml");
        environment.policy = || POLICY.lock().unwrap().clone();
        let write = |text: &str| fs_err::write(&environment.config, text).unwrap();
        let site = |settings: &mut Settings| settings.look().map(|config| config.site.value.clone());

        let config = Config::load(None, &environment).unwrap();
        let mut settings = Settings::new(None, environment.clone(), config);
        assert_eq!(settings.look(), None, "there is no file");
        write("site = 'Munich'\nqueue.max_bytes = 2000000\n");
        let before = settings.config().clone();
        assert_eq!(site(&mut settings), Some(Some("Munich".into())));
        assert_eq!(changed(&before, settings.config()), ["site", "queue.max_bytes"]);
        assert_eq!(settings.look(), None);

        write("site = 7\n");
        assert_eq!(site(&mut settings), None);
        assert_eq!(settings.config().site.value.as_deref(), Some("Munich"));
        POLICY.lock().unwrap().push(("Site".into(), "Berlin".into()));
        assert_eq!(site(&mut settings), None, "the file is still wrong");
        write("site = 'Munich'\n");
        assert_eq!(site(&mut settings), Some(Some("Berlin".into())), "group policy beats the file");
        POLICY.lock().unwrap().clear();
        assert_eq!(site(&mut settings), Some(Some("Munich".into())));
        fs_err::remove_file(&environment.config).unwrap();
        assert_eq!(site(&mut settings), Some(None));
    }

    /// The aggregator's word is neither a change of the file nor lost by one.
    #[test]
    fn what_the_aggregator_configured_is_left_out() {
        let remote = crate::config::Remote { collect_every_seconds: 60, ..crate::config::Remote::default() };
        let environment = environment();
        let config = Config::load(None, &environment).unwrap().with_remote(&remote);
        assert_eq!(Settings::new(None, environment, config).look(), None);
    }
}
