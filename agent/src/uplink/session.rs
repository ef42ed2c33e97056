//! One stream: hello, heartbeats and queued messages out, acknowledgements and wishes in.

use std::time::Duration;

use caliper_proto::wire;
use prost::Message as _;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};
use wire::{delivery_client::DeliveryClient, from_agent::Body, to_agent::Body as Answer};

use super::{Goal, Notice, WINDOW};
use crate::{
    config::Remote,
    connection::Trouble,
    queue::{QueueError, Reader, Record},
    settings::Settings,
    state::Folder,
};

/// How long the aggregator may take to end the stream that we closed.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a session ended.
#[derive(Debug)]
pub enum End {
    /// The goal is reached.
    Reached,
    /// It is time to renew the certificate.
    Renewal,
    /// The configuration names another way, or what the server is found by.
    Changed,
    /// Something is wrong.
    Trouble(Trouble),
}

/// What a session needs.
pub struct Session<'a> {
    pub reader: &'a mut Reader,
    pub folder: &'a Folder,
    pub address: &'a str,
    pub host_name: &'a str,
    pub settings: &'a mut Settings,
    pub heartbeat: Duration,
    pub notices: &'a mpsc::UnboundedSender<Notice>,
    pub goal: &'a mut watch::Receiver<Goal>,
    /// Whether something was acknowledged or it lasted for a heartbeat: then the next waits are short again.
    pub useful: bool,
}

impl Session<'_> {
    /// Delivers over `channel` until the goal is reached or something goes wrong. The reader stands at its start.
    pub async fn run(&mut self, channel: Channel) -> Result<End, QueueError> {
        let (sender, receiver) = mpsc::channel(4);
        let labels = self.settings.config().labels();
        let hello = wire::Hello {
            agent_version: env!("CARGO_PKG_VERSION").into(),
            host_name: self.host_name.into(),
            configuration_etag: Remote::load(self.folder).etag,
            site: labels.site,
            tags: labels.tags,
        };
        // the channel is new and has room for both
        let _ = sender.try_send(unnumbered(Body::Hello(hello)));
        let _ = sender.try_send(self.heartbeat());
        let answers = match DeliveryClient::new(channel).deliver(ReceiverStream::new(receiver)).await {
            Ok(response) => response.into_inner(),
            Err(status) => return Ok(End::Trouble(Trouble::of_status(self.address, &status))),
        };
        tracing::info!(address = self.address, queued = self.reader.fill().messages, "connected");
        self.exchange(sender, answers).await
    }

    async fn exchange(
        &mut self,
        sender: mpsc::Sender<wire::FromAgent>,
        mut answers: Streaming<wire::ToAgent>,
    ) -> Result<End, QueueError> {
        let mut committed = self.reader.committed();
        let mut heartbeats = beats(self.heartbeat);
        let mut sent = self.reader.acknowledged();
        let mut next: Option<Record> = None;
        loop {
            let window_open = sent < self.reader.acknowledged() + WINDOW;
            if next.is_none() && window_open {
                committed.mark_unchanged();
                next = self.reader.read()?;
            }
            if self.is_reached() {
                drop(sender);
                return self.farewell(answers).await;
            }
            tokio::select! {
                answer = answers.message() => match answer {
                    Ok(Some(answer)) => {
                        if self.hear(answer)? {
                            heartbeats = beats(self.heartbeat);
                        }
                    }
                    Ok(None) => return Ok(End::Trouble(self.outage("it closed the connection"))),
                    Err(status) => return Ok(End::Trouble(Trouble::of_status(self.address, &status))),
                },
                Ok(permit) = sender.reserve(), if next.is_some() => {
                    if let Some(record) = next.take() {
                        sent = record.sequence;
                        permit.send(read(&record)?);
                    }
                }
                _ = committed.changed(), if next.is_none() && window_open => {}
                _ = heartbeats.tick() => {
                    self.useful = true;
                    if self.is_outdated() {
                        return Ok(End::Changed);
                    }
                    // a heartbeat that finds no room can be left out: messages are flowing
                    let _ = sender.try_send(self.heartbeat());
                }
                Ok(()) = self.goal.changed() => {}
            }
        }
    }

    /// Looks at the configuration: whether another session would take another way or say something else in its hello.
    fn is_outdated(&mut self) -> bool {
        let said = |settings: &Settings| (settings.config().route(), settings.config().labels());
        let before = said(self.settings);
        let Some(config) = self.settings.look().cloned() else { return false };
        let _ = self.notices.send(Notice::Settings(Box::new(config)));
        said(self.settings) != before
    }

    fn is_reached(&self) -> bool {
        match *self.goal.borrow() {
            Goal::Forever | Goal::Collecting => false,
            Goal::Drain => self.reader.fill().messages == 0,
            Goal::Stop => true,
        }
    }

    /// Waits a little for the aggregator to take what is on its way and to end its side.
    async fn farewell(&mut self, mut answers: Streaming<wire::ToAgent>) -> Result<End, QueueError> {
        let rest = async {
            while let Ok(Some(answer)) = answers.message().await {
                self.hear(answer)?;
            }
            Ok(())
        };
        match timeout(FAREWELL, rest).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(End::Reached),
        }
    }

    /// Takes an answer; returns whether the heartbeat changed.
    fn hear(&mut self, answer: wire::ToAgent) -> Result<bool, QueueError> {
        match answer.body {
            Some(Answer::Acknowledgement(acknowledgement)) => {
                self.reader.acknowledge(acknowledgement.sequence)?;
                self.useful = true;
            }
            Some(Answer::Configuration(configuration)) => {
                let remote = Remote {
                    etag: configuration.etag,
                    collect_every_seconds: configuration.collect_every_seconds,
                    heartbeat_every_seconds: configuration.heartbeat_every_seconds,
                    collect_at: configuration.collect_at,
                    collect_jitter_seconds: configuration.collect_jitter_seconds,
                };
                if let Err(error) = remote.save(self.folder) {
                    tracing::error!("the aggregator's configuration could not be kept: {error}");
                }
                let before = self.heartbeat;
                self.heartbeat = remote.heartbeat().unwrap_or(before);
                let _ = self.notices.send(Notice::Configuration(remote));
                return Ok(before != self.heartbeat);
            }
            Some(Answer::CollectNow(wish)) => {
                // nobody listens any more when the agent is stopping
                let _ = self.notices.send(Notice::CollectNow(wish.reason));
            }
            None => tracing::warn!("the aggregator said something this version does not understand"),
        }
        Ok(false)
    }

    fn heartbeat(&self) -> wire::FromAgent {
        let fill = self.reader.fill();
        unnumbered(Body::Heartbeat(wire::Heartbeat {
            queued_messages: fill.messages,
            queued_bytes: fill.bytes,
            dropped_messages: fill.dropped,
        }))
    }

    fn outage(&self, detail: &str) -> Trouble {
        Trouble::Outage { address: self.address.into(), detail: detail.into() }
    }
}

/// The first beat is on its way with the hello; the next comes after `every`.
fn beats(every: Duration) -> Interval {
    let mut beats = interval_at(Instant::now() + every, every);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beats
}

fn unnumbered(body: Body) -> wire::FromAgent {
    wire::FromAgent { sequence: 0, body: Some(body) }
}

fn read(record: &Record) -> Result<wire::FromAgent, QueueError> {
    let message = wire::FromAgent::decode(record.payload.as_slice());
    message.ok().filter(|message| message.sequence == record.sequence).ok_or(QueueError::Foreign(record.sequence))
}
