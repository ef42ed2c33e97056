//! A machine with an agent on it: a folder of its own, a made-up report, no waiting between attempts.

use std::{
    process::{Child, Command},
    sync::Arc,
    time::Duration,
};

use caliper_agent::{
    config::Config, connection::Route, enroll, environment::Environment, identity::Identity, queue, run::Run,
    state::Folder, uplink::Backoff,
};
use caliper_proto::{Access, AccessKey, Days, Instant, Inventory, Report, Source, wire};
use prost::Message as _;
use tempfile::TempDir;

use crate::fake::Fake;

/// Starts a program. Wine refuses that now and then (`ERROR_INTERNAL_ERROR`) while many start at once; then a few times more.
pub fn started(command: &mut Command) -> Child {
    const INTERNAL_ERROR: i32 = 1359;
    for _ in 0..5 {
        match command.spawn() {
            Err(refused) if cfg!(windows) && refused.raw_os_error() == Some(INTERNAL_ERROR) => {
                std::thread::sleep(Duration::from_millis(200));
            }
            outcome => return outcome.unwrap(),
        }
    }
    command.spawn().unwrap()
}

pub struct Place {
    pub dir: TempDir,
    pub environment: Environment,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            policy: Vec::new,
            usage: || None,
            services: || Ok(Vec::new()),
            now: || jiff::Timestamp::now().into(),
            random: || 0,
            zone: || jiff::tz::TimeZone::UTC,
            host_name: "host-1".into(),
            config: dir.path().join("agent.toml"),
            state: dir.path().join("state"),
        };
        Self { dir, environment }
    }

    pub async fn enrolled(fake: &Fake) -> Self {
        let place = Self::new();
        enroll::enrol(&fake.token(), &Route::default(), &place.folder(), &place.environment).await.unwrap();
        place
    }

    /// Writes a configuration that collects from the folder `evidence`, where `report` lies.
    pub fn configure(&self, report: &Report) {
        let evidence = self.path("evidence");
        fs_err::create_dir_all(&evidence).unwrap();
        fs_err::write(evidence.join("report.json"), report.to_json()).unwrap();
        let (state, evidence) = (self.environment.state.display(), evidence.display());
        let text = format!("state = '{state}'\n\n[collect]\nfrom = '{evidence}'\n");
        fs_err::write(&self.environment.config, text).unwrap();
    }

    /// Puts messages of one row each into the queue, as an earlier run would have.
    pub fn queue_small_messages(&self, number: u64) {
        let mut queue = queue::open(&self.folder().queue(), 64 << 20).unwrap();
        for at in 0..number {
            let batch = wire::AccessBatch::from([small_row(at)].as_slice());
            let body = Some(wire::from_agent::Body::Accesses(batch));
            queue.writer.append(|sequence| wire::FromAgent { sequence, body }.encode_to_vec()).unwrap();
        }
        queue.writer.commit().unwrap();
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    pub fn folder(&self) -> Folder {
        Folder::new(&self.environment.state)
    }

    pub fn identity(&self) -> Identity {
        Identity::load(&self.folder()).unwrap()
    }

    pub fn run(&self, report: Report) -> Run {
        Run {
            named: None,
            config: Config::load(None, &self.environment).unwrap(),
            environment: self.environment.clone(),
            collector: Arc::new(move |_| Ok(report.clone().into())),
            backoff: Backoff::new(Duration::from_millis(1), Duration::from_millis(1)),
        }
    }

    pub async fn deliver(&self, report: Report) -> Result<(), caliper_agent::run::RunError> {
        self.run(report).once(Some(Duration::from_mins(1)), std::future::pending()).await
    }
}

/// The row of one small message; not in any [`report`].
pub fn small_row(number: u64) -> Access {
    let mut row = report(1).accesses.remove(0);
    row.key.service = format!("small {number}");
    row
}

pub fn report(rows: usize) -> Report {
    let mut days = Days::default();
    days.insert(60).unwrap();
    let accesses = (0..rows)
        .map(|number| Access {
            key: AccessKey {
                service: "File Server".into(),
                role_guid: "10a9226f-50ee-49d8-a393-9a501d47ce04".into(),
                principal: format!("LAB\\user{:07}", number / 3),
                client: format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255),
                source: Source::UserAccessLogging,
                year: 2026,
            },
            days,
            total: number as u64,
            first: Instant::from_micros(i64::try_from(number).unwrap()).unwrap(),
            last: Instant::from_micros(i64::try_from(number).unwrap() + 7).unwrap(),
        })
        .collect();
    let server = Inventory { name: "SRV1".into(), domain: "lab.net".into(), ..Inventory::default() };
    Report { server, accesses, warnings: vec!["one warning".into()] }
}
