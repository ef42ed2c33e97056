//! The delivery service: one stream per agent, checked message by message, acknowledged after the commit.

use std::{sync::Arc, time::Duration};

use caliper_proto::{
    CheckedBatch, Instant, Inventory, Labels, printable,
    wire::{self, delivery_server::Delivery, from_agent, to_agent},
};
use ring::digest::{SHA256, digest};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{
    closed,
    connected::Connected,
    peer,
    writer::{Message, Speaker, Writer},
};
use crate::{
    config::Agents,
    store::{Store, agent::Queue, token::Role},
};

/// Answers waiting for one agent to read them.
const MOST_ANSWERS: usize = 16;

/// How long an agent may take to read its last answers when the aggregator closes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service.
pub struct Service {
    store: Arc<Store>,
    writer: Writer,
    connected: Connected,
    configuration: wire::Configuration,
    closing: watch::Receiver<bool>,
}

impl Service {
    /// Streams end when `closing` becomes true.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        writer: Writer,
        connected: Connected,
        agents: &Agents,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let mut configuration = wire::Configuration {
            etag: String::new(),
            collect_every_seconds: agents.collect_every_seconds,
            heartbeat_every_seconds: agents.heartbeat_every_seconds,
            collect_at: agents.collect_at.clone(),
            collect_jitter_seconds: agents.collect_jitter_seconds,
        };
        // of all that is said, so that no setting can be left out
        let content = digest(&SHA256, format!("{configuration:?}").as_bytes());
        let etag = content.as_ref()[..8].iter().fold(0, |tag, byte| tag << 8 | u64::from(*byte));
        configuration.etag = format!("{etag:016x}");
        Self { store, writer, connected, configuration, closing }
    }
}

#[tonic::async_trait]
impl Delivery for Service {
    type DeliverStream = ReceiverStream<Result<wire::ToAgent, Status>>;

    async fn deliver(
        &self,
        request: Request<Streaming<wire::FromAgent>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let caller = peer::identify_as(&self.store, &request, Role::Agent).await?;
        let (answers, stream) = mpsc::channel(MOST_ANSWERS);
        let conversation = Conversation {
            collect: self.connected.enter(&caller.id),
            id: caller.id,
            writer: self.writer.clone(),
            configuration: self.configuration.clone(),
            closing: self.closing.clone(),
            answers: answers.clone(),
        };
        let inbound = request.into_inner();
        let closing = self.closing.clone();
        tokio::spawn(async move {
            let talk = async {
                if let Err(status) = conversation.run(inbound).await {
                    // an agent that has hung up does not need the reason
                    let _ = answers.send(Err(status)).await;
                }
            };
            // an agent that does not listen must not keep the aggregator from closing
            tokio::select! {
                () = talk => {}
                () = async { closed(closing).await; tokio::time::sleep(PATIENCE).await; } => {}
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

/// One open stream.
struct Conversation {
    id: String,
    writer: Writer,
    configuration: wire::Configuration,
    collect: mpsc::Receiver<String>,
    closing: watch::Receiver<bool>,
    answers: mpsc::Sender<Result<wire::ToAgent, Status>>,
}

impl Conversation {
    async fn run(mut self, mut inbound: Streaming<wire::FromAgent>) -> Result<(), Status> {
        let first = inbound.message().await?.and_then(|message| message.body);
        let Some(from_agent::Body::Hello(hello)) = first else {
            return Err(Status::failed_precondition("the first message of a stream must be hello"));
        };
        checked("hello.host_name", &hello.host_name)?;
        checked("hello.agent_version", &hello.agent_version)?;
        let labels = Labels::new(hello.site, hello.tags).map_err(|error| {
            Status::invalid_argument(format!("hello.{error}; correct it in the agent's configuration"))
        })?;
        if hello.configuration_etag != self.configuration.etag {
            self.answer(to_agent::Body::Configuration(self.configuration.clone())).await?;
        }
        let speaker = Arc::new(Speaker { id: self.id.clone(), host_name: printable(hello.host_name) });
        let (reply, mut outcomes) = mpsc::unbounded_channel();
        let greeting = Message::Greeting { version: printable(hello.agent_version), labels };
        self.writer.hand_over(&speaker, 0, greeting, &reply).await?;
        let closing = closed(self.closing.clone());
        tokio::pin!(closing);
        loop {
            tokio::select! {
                message = inbound.message() => match message? {
                    Some(message) => {
                        let sequence = message.sequence;
                        let message = check(message)?;
                        self.writer.hand_over(&speaker, sequence, message, &reply).await?;
                    }
                    None => break,
                },
                Some(outcome) = outcomes.recv() => self.acknowledge(outcome, &mut outcomes).await?,
                Some(reason) = self.collect.recv() => {
                    self.answer(to_agent::Body::CollectNow(wire::CollectNow { reason })).await?;
                }
                () = &mut closing => break,
            }
        }
        // the agent has no more to say, or we close: what was handed over is still acknowledged
        drop(reply);
        while let Some(outcome) = outcomes.recv().await {
            self.acknowledge(outcome, &mut outcomes).await?;
        }
        Ok(())
    }

    /// Acknowledges the highest number of those that are done; the writer keeps their order.
    async fn acknowledge(
        &self,
        first: Result<u64, Status>,
        more: &mut mpsc::UnboundedReceiver<Result<u64, Status>>,
    ) -> Result<(), Status> {
        let mut sequence = first?;
        let mut refusal = None;
        while refusal.is_none()
            && let Ok(outcome) = more.try_recv()
        {
            match outcome {
                Ok(number) => sequence = sequence.max(number),
                Err(status) => refusal = Some(status),
            }
        }
        if sequence > 0 {
            self.answer(to_agent::Body::Acknowledgement(wire::Acknowledgement { sequence })).await?;
        }
        refusal.map_or(Ok(()), Err)
    }

    async fn answer(&self, body: to_agent::Body) -> Result<(), Status> {
        let answer = wire::ToAgent { body: Some(body) };
        self.answers.send(Ok(answer)).await.map_err(|_| Status::cancelled("the agent has hung up"))
    }
}

/// Checks and converts one message; a refusal names its number and the field.
fn check(message: wire::FromAgent) -> Result<Message, Status> {
    let sequence = message.sequence;
    let refused = |error: caliper_proto::WireError| {
        Status::invalid_argument(format!("message {sequence} cannot be stored: {error}"))
    };
    match message.body {
        Some(from_agent::Body::Accesses(batch)) => {
            numbered(sequence, "accesses")?;
            Ok(Message::Accesses(CheckedBatch::try_from(batch).map_err(refused)?))
        }
        Some(from_agent::Body::Inventory(inventory)) => {
            numbered(sequence, "inventory")?;
            let (inventory, warnings, observed) =
                <(Inventory, Vec<String>, Instant)>::try_from(inventory).map_err(refused)?;
            Ok(Message::Inventory { inventory: Box::new(inventory), warnings, observed })
        }
        Some(from_agent::Body::Heartbeat(beat)) => Ok(Message::Heartbeat(Queue {
            messages: beat.queued_messages,
            bytes: beat.queued_bytes,
            dropped: beat.dropped_messages,
        })),
        Some(from_agent::Body::Hello(_)) => {
            Err(Status::failed_precondition("only the first message of a stream may be hello"))
        }
        None => Err(Status::invalid_argument(format!(
            "message {sequence} is of a kind this aggregator does not know: update the aggregator"
        ))),
    }
}

fn numbered(sequence: u64, kind: &str) -> Result<(), Status> {
    match sequence {
        0 => Err(Status::invalid_argument(format!("sequence: 0 on a message of kind {kind}, which needs a number"))),
        _ => Ok(()),
    }
}

fn checked(field: &str, text: &str) -> Result<(), Status> {
    if text.len() > 255 {
        return Err(Status::invalid_argument(format!("{field}: {} bytes long, at most 255 expected", text.len())));
    }
    Ok(())
}
