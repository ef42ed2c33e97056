//! A fake aggregator: speaks the wire over real TLS, remembers what it heard and fails in the ways a test asks for.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};

use caliper_proto::{Access, EnrolToken, wire};
use rcgen::{BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair, SanType};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};
use wire::{
    delivery_server::{Delivery, DeliveryServer},
    enrolment_server::{Enrolment, EnrolmentServer},
    from_agent::Body,
    to_agent::Body as Answer,
};

pub const NAME: &str = "caliper-aggregator";
pub const SECRET: &str = "right-secret";

/// What one connection does with the agent.
#[derive(Debug, Clone)]
pub enum Conduct {
    /// Stores and acknowledges every message.
    Acknowledge,
    /// Acknowledges only every n-th message.
    AcknowledgeEvery(u64),
    /// Stores and acknowledges so many messages, then breaks the connection without acknowledging the next.
    BreakAfter(usize),
    /// Stores, and never acknowledges.
    Silent,
    /// Turns the agent away.
    Refuse(Status),
}

/// What the fake heard and how it is to behave.
#[derive(Default)]
pub struct Memory {
    /// Conduct of the coming connections; the last one stays.
    pub conducts: VecDeque<Conduct>,
    /// Said after each hello.
    pub greetings: Vec<Answer>,
    /// Lifetime of certificates in days, before and after now.
    pub lifetime: (i64, i64),
    /// Answer of the enrolment service instead of a certificate.
    pub refusal: Option<Status>,
    pub hellos: Vec<wire::Hello>,
    pub heartbeats: Vec<wire::Heartbeat>,
    pub enrolments: usize,
    pub renewals: usize,
    /// Sequence numbers in the order of arrival, repetitions included.
    pub sequences: Vec<u64>,
    pub inventories: Vec<wire::Inventory>,
    pub rows: Vec<Access>,
}

#[derive(Clone)]
pub struct Fake {
    pub address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    heard: watch::Sender<()>,
    authority: Arc<Authority>,
    server: Arc<JoinHandle<()>>,
}

pub struct Authority {
    pub certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }
}

/// Days from now.
fn days(offset: i64) -> SystemTime {
    let now = SystemTime::from(jiff::Timestamp::now());
    let span = Duration::from_hours(offset.unsigned_abs() * 24);
    if offset < 0 { now - span } else { now + span }
}

impl Fake {
    /// Serves on a port of the system's choice with a certificate valid for `lifetime` in days before and after now.
    pub async fn start_with(lifetime: (i64, i64), name: &str) -> Self {
        let authority = Arc::new(Authority::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        (parameters.not_before, parameters.not_after) = (days(-lifetime.0).into(), days(lifetime.1).into());
        let certificate = parameters.signed_by(&key, &authority.issuer).unwrap();
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(certificate.pem(), key.serialize_pem()))
            .client_ca_root(Certificate::from_pem(authority.certificate.pem()))
            .client_auth_optional(true);
        let memory = Memory { lifetime: (1, 90), ..Memory::default() };
        let mut fake = Self {
            address,
            memory: Arc::new(Mutex::new(memory)),
            heard: watch::Sender::new(()),
            authority,
            server: Arc::new(tokio::spawn(async {})),
        };
        let served = fake.clone();
        let server = async move {
            Server::builder()
                .tls_config(tls)
                .unwrap()
                .add_service(EnrolmentServer::new(served.clone()))
                .add_service(DeliveryServer::new(served))
                .serve_with_incoming(TcpIncoming::from(listener))
                .await
                .unwrap();
        };
        fake.server = Arc::new(tokio::spawn(server));
        fake
    }

    pub async fn start() -> Self {
        Self::start_with((1, 90), NAME).await
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }

    /// Waits until what was heard satisfies a condition.
    pub async fn until(&self, condition: impl Fn(&Memory) -> bool) {
        let mut heard = self.heard.subscribe();
        while !condition(&self.memory()) {
            heard.changed().await.unwrap();
        }
    }

    pub fn conduct(&self, conducts: impl IntoIterator<Item = Conduct>) {
        self.memory().conducts = conducts.into_iter().collect();
    }

    pub fn token(&self) -> EnrolToken {
        EnrolToken {
            address: self.address.to_string(),
            id: "id".into(),
            secret: SECRET.into(),
            authority: self.authority.certificate.der().to_vec(),
            name: NAME.into(),
        }
    }

    fn sign(&self, request: &[u8]) -> Result<wire::Certificate, Status> {
        let mut request = CertificateSigningRequestParams::from_der(&request.to_vec().into())
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let (before, after) = self.memory().lifetime;
        (request.params.not_before, request.params.not_after) = (days(-before).into(), days(after).into());
        Ok(wire::Certificate {
            certificate_pem: request.signed_by(&self.authority.issuer).unwrap().pem(),
            authority_pem: self.authority.certificate.pem(),
            subject: "6c1b5f0e-0000-4000-8000-000000000001".into(),
            expires_micros: 0,
        })
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // the services hold clones; the last one outside is the test's
        if Arc::strong_count(&self.server) == 1 {
            self.server.abort();
        }
    }
}

#[tonic::async_trait]
impl Enrolment for Fake {
    async fn enrol(&self, request: Request<wire::EnrolRequest>) -> Result<Response<wire::Certificate>, Status> {
        self.memory().enrolments += 1;
        let request = request.into_inner();
        if let Some(status) = self.memory().refusal.clone() {
            return Err(status);
        }
        if request.token_secret != SECRET {
            return Err(Status::unauthenticated("the token is not known here: ask for a new one"));
        }
        self.sign(&request.request).map(Response::new)
    }

    async fn renew(&self, request: Request<wire::RenewRequest>) -> Result<Response<wire::Certificate>, Status> {
        self.memory().renewals += 1;
        request.peer_certs().ok_or_else(|| Status::unauthenticated("no certificate"))?;
        if let Some(status) = self.memory().refusal.clone() {
            return Err(status);
        }
        self.sign(&request.into_inner().request).map(Response::new)
    }
}

#[tonic::async_trait]
impl Delivery for Fake {
    type DeliverStream = UnboundedReceiverStream<Result<wire::ToAgent, Status>>;

    async fn deliver(
        &self,
        request: Request<Streaming<wire::FromAgent>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        request.peer_certs().ok_or_else(|| Status::unauthenticated("no certificate"))?;
        let conduct = {
            let mut memory = self.memory();
            let next =
                if memory.conducts.len() > 1 { memory.conducts.pop_front() } else { memory.conducts.front().cloned() };
            next.unwrap_or(Conduct::Acknowledge)
        };
        if let Conduct::Refuse(status) = conduct {
            return Err(status);
        }
        let (answers, stream) = mpsc::unbounded_channel();
        let (memory, heard) = (Arc::clone(&self.memory), self.heard.clone());
        tokio::spawn(listen(request.into_inner(), answers, memory, heard, conduct));
        Ok(Response::new(UnboundedReceiverStream::new(stream)))
    }
}

async fn listen(
    mut messages: Streaming<wire::FromAgent>,
    answers: mpsc::UnboundedSender<Result<wire::ToAgent, Status>>,
    memory: Arc<Mutex<Memory>>,
    heard: watch::Sender<()>,
    conduct: Conduct,
) {
    let mut stored = 0;
    while let Ok(Some(message)) = messages.message().await {
        let mut memory = memory.lock().unwrap();
        heard.send_replace(()); // whoever waits looks when this lock is free again
        match message.body.expect("every message has a body") {
            Body::Hello(hello) => {
                memory.hellos.push(hello);
                for greeting in memory.greetings.clone() {
                    let _ = answers.send(Ok(wire::ToAgent { body: Some(greeting) }));
                }
                continue;
            }
            Body::Heartbeat(heartbeat) => {
                memory.heartbeats.push(heartbeat);
                continue;
            }
            Body::Inventory(inventory) => memory.inventories.push(inventory),
            Body::Accesses(batch) => memory.rows.extend(Vec::<Access>::try_from(batch).expect("a batch that converts")),
        }
        memory.sequences.push(message.sequence);
        stored += 1;
        let acknowledge = match conduct {
            Conduct::AcknowledgeEvery(number) => message.sequence.is_multiple_of(number),
            Conduct::BreakAfter(most) if stored > most => {
                let _ = answers.send(Err(Status::unavailable("going down")));
                return;
            }
            Conduct::Acknowledge | Conduct::BreakAfter(_) => true,
            Conduct::Silent | Conduct::Refuse(_) => false,
        };
        if acknowledge {
            let body = Answer::Acknowledgement(wire::Acknowledgement { sequence: message.sequence });
            let _ = answers.send(Ok(wire::ToAgent { body: Some(body) }));
        }
    }
}
