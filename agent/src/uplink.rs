//! Delivery: one stream to the aggregator, kept up, renewed and reconnected until told otherwise.
//!
//! It knows nothing of collections; it reads the queue and hands on what the aggregator asks for.

mod backoff;
mod session;

use std::time::Duration;

use tokio::sync::{mpsc, watch};

pub use backoff::Backoff;

use crate::{
    config::{Config, Remote},
    connection::{Target, Trouble},
    enroll,
    environment::Environment,
    identity::{Identity, IdentityError},
    queue::{QueueError, Reader},
    settings::Settings,
    state::Folder,
};
use session::{End, Session};

/// Most messages on their way, sent and not acknowledged.
pub const WINDOW: u64 = 16;

/// How long the delivery goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Until told otherwise, through every trouble.
    Forever,
    /// Until everything now collected is acknowledged; a trouble that does not pass by itself ends it.
    Collecting,
    /// Like `Collecting`, and nothing more will be collected: ends when the queue is empty.
    Drain,
    /// Ends now, at a place where nothing is lost.
    Stop,
}

/// What the rest of the agent is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A new configuration, already kept in the state folder.
    Configuration(Remote),
    /// The file or Group Policy says something new.
    Settings(Box<Config>),
    /// Collect without waiting for the time.
    CollectNow(String),
}

/// Why delivery ended for good.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// Nothing but somebody's action helps; ends only a run that should end.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// No identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// The delivering half of the agent.
pub struct Uplink {
    /// The queue.
    pub reader: Reader,
    /// Where identity and the aggregator's configuration are.
    pub folder: Folder,
    /// How to get to the aggregator, and what the server is found by there.
    pub settings: Settings,
    /// Clock, randomness, host name.
    pub environment: Environment,
    /// Time between heartbeats until the aggregator says otherwise.
    pub heartbeat: Duration,
    /// Waiting times between attempts.
    pub backoff: Backoff,
    /// To the rest of the agent.
    pub notices: mpsc::UnboundedSender<Notice>,
    /// How long to go on.
    pub goal: watch::Receiver<Goal>,
}

impl Uplink {
    /// Delivers until the goal is reached. The last trouble is left in `trouble` for whoever gives up waiting.
    pub async fn run(&mut self, trouble: &watch::Sender<Option<Trouble>>) -> Result<(), UplinkError> {
        loop {
            // read every time: somebody may have enrolled again
            let identity = Identity::load(&self.folder)?;
            if let Some(config) = self.settings.look() {
                // nobody listens any more when the agent is stopping
                let _ = self.notices.send(Notice::Settings(Box::new(config.clone())));
            }
            let target = Target::of(&identity, &self.settings.config().route());
            let ended = match self.renewed(identity, &target).await {
                Ok(identity) => self.session(&identity, &target).await?,
                Err(trouble) => End::Trouble(trouble),
            };
            let goal = *self.goal.borrow_and_update();
            match ended {
                End::Reached => return Ok(()),
                End::Renewal | End::Changed => continue,
                End::Trouble(_) if goal == Goal::Stop => return Ok(()),
                End::Trouble(found) => {
                    self.report(&found);
                    trouble.send_replace(Some(found.clone()));
                    if goal != Goal::Forever && !found.passes() {
                        return Err(found.into());
                    }
                }
            }
            let wait = self.backoff.next((self.environment.random)());
            tracing::info!(seconds = wait.as_secs(), "trying again later");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = until_stop(&mut self.goal) => return Ok(()),
            }
        }
    }

    fn report(&self, trouble: &Trouble) {
        let queued = self.reader.fill().messages;
        if trouble.passes() {
            tracing::warn!(queued, "{trouble}");
        } else {
            tracing::error!(queued, "{trouble}");
        }
    }

    /// The identity with a certificate that is good for a while; only one that is not valid now stops us.
    async fn renewed(&self, identity: Identity, target: &Target) -> Result<Identity, Trouble> {
        let now = (self.environment.now)();
        let Some(validity) = identity.validity() else { return Ok(identity) };
        if now > validity.until {
            return Err(Trouble::Expired(validity.until, now));
        }
        if now < validity.from {
            return Err(Trouble::NotYet(validity.from, now));
        }
        if !validity.is_due(now) {
            return Ok(identity);
        }
        match enroll::renew(&identity, target, &self.folder, &self.environment).await {
            Ok(renewed) => {
                tracing::info!("certificate renewed");
                Ok(renewed)
            }
            Err(error) => {
                // the one we have still works: deliver, and ask again later
                tracing::warn!("the certificate could not be renewed yet: {error}");
                Ok(identity)
            }
        }
    }

    async fn session(&mut self, identity: &Identity, target: &Target) -> Result<End, QueueError> {
        let renewal = identity.validity().map(|validity| validity.next_attempt((self.environment.now)()));
        let (channel, target) = match target.reach(Some(identity), &self.environment).await {
            Ok(reached) => reached,
            Err(trouble) => return Ok(End::Trouble(trouble)),
        };
        self.reader.rewind();
        let mut session = Session {
            reader: &mut self.reader,
            folder: &self.folder,
            address: &target.address,
            host_name: &self.environment.host_name,
            settings: &mut self.settings,
            heartbeat: self.heartbeat,
            notices: &self.notices,
            goal: &mut self.goal,
            useful: false,
        };
        let renewal = async {
            match renewal {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = session.run(channel) => ended?,
            () = renewal => End::Renewal,
        };
        if session.useful {
            self.backoff.reset();
        }
        self.heartbeat = session.heartbeat;
        Ok(ended)
    }
}

async fn until_stop(goal: &mut watch::Receiver<Goal>) {
    if goal.wait_for(|goal| *goal == Goal::Stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}
