//! An aggregator on ports of the system's choice, and clients that hold what a real one would.

use std::sync::Arc;

use caliper_proto::{
    Access, AccessKey, Days, Instant, Inventory, Source,
    wire::{self, delivery_client::DeliveryClient, enrolment_client::EnrolmentClient, from_agent},
};
use rcgen::{CertificateParams, KeyPair};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Status, Streaming,
    transport::{Certificate, Channel, ClientTlsConfig, Identity},
};

use crate::{
    authority::Authority,
    context::{Clock, Context},
    serve::{Addresses, ServeError, serve},
    store::{
        Store,
        token::{self, Role, Token},
    },
};

pub struct Aggregator {
    pub folder: tempfile::TempDir,
    pub addresses: Addresses,
    /// A connection of its own to the same database.
    pub store: Arc<Store>,
    close: watch::Sender<bool>,
    task: JoinHandle<Result<(), ServeError>>,
}

/// The client side of an enrolment.
pub struct Enrolled {
    pub id: String,
    pub identity: Identity,
    pub certificate: wire::Certificate,
}

pub fn now() -> Instant {
    jiff::Timestamp::now().into()
}

pub fn context(data: &std::path::Path) -> Context {
    Context { data: data.to_owned(), config_file: None, clock: Clock::new(now) }
}

impl Aggregator {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = "[listen]\ngrpc = \"127.0.0.1:0\"\npages = \"127.0.0.1:0\"\n";
        fs_err::write(folder.path().join("config.toml"), ports).unwrap();
        Self::start_in(folder).await
    }

    pub async fn start_in(folder: tempfile::TempDir) -> Self {
        let (close, closing) = watch::channel(false);
        let (ready, addresses) = oneshot::channel();
        let context = context(folder.path());
        let task =
            tokio::spawn(
                async move { serve(&context, closing, |addresses| ready.send(addresses.clone()).unwrap()).await },
            );
        let addresses = addresses.await.unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        Self { folder, addresses, store, close, task }
    }

    pub async fn stop(self) -> tempfile::TempDir {
        self.close.send(true).unwrap();
        self.task.await.unwrap().unwrap();
        self.folder
    }

    pub fn token(&self, id: &str, role: Role, uses_left: u32) {
        let expires = Instant::from_micros(now().micros() + 1_000_000_000).unwrap();
        let token = Token {
            id: id.into(),
            role: role.name().into(),
            label: String::new(),
            created: now(),
            expires,
            uses_left,
            revoked: None,
        };
        self.store.write(|tx| token::insert(tx, &token, "secret")).unwrap();
    }

    /// A channel to the aggregator, with a certificate or without.
    pub async fn channel(&self, identity: Option<&Identity>) -> Channel {
        self.try_channel(identity).await.unwrap()
    }

    pub async fn try_channel(&self, identity: Option<&Identity>) -> Result<Channel, tonic::transport::Error> {
        let authority = Authority::open(self.folder.path(), now()).unwrap();
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(authority.certificate_pem()))
            .domain_name("caliper");
        let tls = identity.iter().fold(tls, |tls, identity| tls.identity((*identity).clone()));
        let endpoint = Channel::from_shared(format!("https://{}", self.addresses.grpc)).unwrap();
        endpoint.tls_config(tls).unwrap().connect().await
    }

    pub async fn try_enrol(&self, token_id: &str, secret: &str) -> Result<Enrolled, Status> {
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap();
        let request = wire::EnrolRequest {
            token_id: token_id.into(),
            token_secret: secret.into(),
            request: request.der().to_vec(),
            host_name: "FS1".into(),
        };
        let mut client = EnrolmentClient::new(self.channel(None).await);
        let certificate = client.enrol(request).await?.into_inner();
        let identity = Identity::from_pem(&certificate.certificate_pem, key.serialize_pem());
        Ok(Enrolled { id: certificate.subject.clone(), identity, certificate })
    }

    /// Lets somebody in with a fresh token.
    pub async fn enrol(&self, role: Role) -> Enrolled {
        let id = format!("t{}", uuid::Uuid::new_v4());
        self.token(&id, role, 1);
        self.try_enrol(&id, "secret").await.unwrap()
    }

    /// Opens a stream and greets.
    pub async fn deliver(&self, agent: &Enrolled) -> Result<Stream, Status> {
        let hello = wire::Hello { agent_version: "1.2.3".into(), host_name: "FS1".into(), ..wire::Hello::default() };
        self.greet(agent, hello).await
    }

    /// Opens a stream with this greeting.
    pub async fn greet(&self, agent: &Enrolled, hello: wire::Hello) -> Result<Stream, Status> {
        let (messages, outbound) = mpsc::channel(64);
        messages.send(message(0, from_agent::Body::Hello(hello))).await.unwrap();
        let mut client = DeliveryClient::new(self.channel(Some(&agent.identity)).await);
        let answers = client.deliver(ReceiverStream::new(outbound)).await?.into_inner();
        Ok(Stream { messages, answers })
    }
}

/// An open delivery stream.
pub struct Stream {
    pub messages: mpsc::Sender<wire::FromAgent>,
    pub answers: Streaming<wire::ToAgent>,
}

impl Stream {
    pub async fn send(&self, sequence: u64, body: from_agent::Body) {
        self.messages.send(message(sequence, body)).await.unwrap();
    }

    /// Waits until everything up to `sequence` is acknowledged.
    pub async fn acknowledged(&mut self, sequence: u64) -> Result<(), Status> {
        loop {
            let answer = self.answers.message().await?.expect("the stream ended without an acknowledgement");
            match answer.body.unwrap() {
                wire::to_agent::Body::Acknowledgement(done) if done.sequence >= sequence => return Ok(()),
                _ => {}
            }
        }
    }
}

pub fn message(sequence: u64, body: from_agent::Body) -> wire::FromAgent {
    wire::FromAgent { sequence, body: Some(body) }
}

pub fn inventory(name: &str, observed: i64) -> from_agent::Body {
    let inventory = Inventory { name: name.into(), domain: "lab.net".into(), ..Inventory::default() };
    let observed = Instant::from_micros(observed).unwrap();
    from_agent::Body::Inventory((&inventory, &[][..], observed).into())
}

pub fn accesses(principals: &[&str]) -> wire::AccessBatch {
    let rows: Vec<Access> = principals.iter().map(|principal| access(principal)).collect();
    rows.as_slice().into()
}

pub fn access(principal: &str) -> Access {
    let mut days = Days::default();
    days.insert(7).unwrap();
    let at = Instant::from_micros(1_700_000_000_000_000).unwrap();
    Access {
        key: AccessKey {
            service: "File Server".into(),
            role_guid: String::new(),
            principal: principal.into(),
            client: "10.0.0.1".into(),
            source: Source::UserAccessLogging,
            year: 2023,
        },
        days,
        total: 1,
        first: at,
        last: at,
    }
}

/// Server name, its origin's key, and the principals seen there, of all servers.
pub fn stored(store: &Store) -> Vec<(String, String, Vec<String>)> {
    let rows = store.read::<_, crate::store::StoreError>(|tx| {
        let mut statement = tx.prepare(
            "SELECT server.name, server.origin_key, coalesce(group_concat(text.value, ' ' ORDER BY text.value), '')
             FROM server LEFT JOIN access ON access.server = server.id LEFT JOIN text ON text.id = access.principal
             GROUP BY server.id ORDER BY server.id",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    let split = |(name, key, principals): (_, _, String)| {
        (name, key, principals.split_whitespace().map(str::to_owned).collect())
    };
    rows.unwrap().into_iter().map(split).collect()
}
