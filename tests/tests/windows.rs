//! The agent for Windows under Wine: its own tests, and as a service that delivers to a real aggregator.
//!
//! Wine is no Windows: what was seen where stands in a table in `agent/README.md`.

use std::{
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

#[path = "../../agent/tests/agent/name_server.rs"]
mod name_server;
#[path = "../../agent/tests/agent/proxy.rs"]
mod proxy;

use caliper_lab::rows;
use caliper_tests::{
    aggregator::{Aggregator, PLAIN, Serving},
    process::{Finished, finish},
    programs::workspace,
    resolver::with_resolver,
    windows::{Windows, drive_z, windows},
};
use name_server::FakeNameServer;
use proxy::{FakeProxy, Manner};
use tempfile::TempDir;

/// Rows that the service has to deliver.
const ROWS: u64 = 500;

/// The agent's folder under Wine, an aggregator for it, and a token that leads there.
struct Scene {
    windows: Windows,
    aggregator: Aggregator,
    serving: Serving,
    /// `config.toml`, identity, queue and logs of the agent.
    home: PathBuf,
    folder: TempDir,
}

impl Scene {
    /// A Windows on which the agent never was, to report artefacts of its own; `None` where there is no Wine.
    fn new() -> Option<Self> {
        let windows = windows()?;
        let agent = windows.agent();
        windows.run(&agent, &["service", "uninstall", "--purge"]).succeeded();
        let folder = tempfile::tempdir().unwrap();
        rows::write(&folder.path().join("artefacts"), "NW-FS9", ROWS).unwrap();
        let aggregator = Aggregator::new(&folder.path().join("data"), PLAIN);
        let serving = aggregator.serve();
        aggregator.token(serving.grpc, &folder.path().join("token"), &[]);
        let home = windows.drive_c("ProgramData/Caliper");
        fs_err::create_dir_all(&home).unwrap();
        let scene = Self { windows, aggregator, serving, home, folder };
        scene.configure();
        Some(scene)
    }

    fn configure(&self) {
        fs_err::write(self.home.join("config.toml"), self.configuration()).unwrap();
    }

    /// To report the artefacts that were made.
    fn configuration(&self) -> String {
        format!("[collect]\nfrom = '{}'\n", drive_z(&self.folder.path().join("artefacts")))
    }

    fn token(&self) -> String {
        drive_z(&self.folder.path().join("token"))
    }

    fn log(&self) -> String {
        fs_err::read_to_string(self.home.join("logs/agent.log")).unwrap_or_default()
    }

    fn holds(&self, name: &str) -> bool {
        self.home.join(name).exists()
    }

    fn until(&self, what: &str, so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_mins(2);
        while !so() {
            assert!(Instant::now() < end, "not within two minutes: {what}; the service logged:\n{}", self.log());
            thread::park_timeout(Duration::from_millis(100));
        }
    }

    fn until_delivered(&self) {
        self.until("every row in the store", || self.aggregator.count("access") == i64::try_from(ROWS).unwrap());
    }
}

#[test]
fn the_agents_own_tests_pass_under_wine() {
    let Some(windows) = windows() else { return };
    windows.test(&["-p", "caliper-windows", "-p", "caliper-agent"]);
}

#[test]
fn as_a_service_it_enrols_delivers_stops_and_goes() {
    let Some(scene) = Scene::new() else { return };
    let agent = scene.windows.agent();
    let run = |arguments: &[&str]| scene.windows.run(&agent, arguments);
    let status = || run(&["service", "status"]).succeeded().output.trim().to_owned();

    run(&["config", "init", "--token-file", &scene.token()]).succeeded();
    assert_eq!(run(&["service", "install"]).succeeded().output, "service CaliperAgent is installed\n");
    assert_eq!(status(), "stopped");
    run(&["service", "start"]).succeeded();
    scene.until_delivered();
    assert_eq!(status(), "running");
    assert!(scene.holds("identity.json") && !scene.holds("token"), "a token is used once");
    let log = scene.log();
    assert!(log.contains("the service runs") && log.contains("enrolled at 127.0.0.1:"), "{log}");

    // while it runs a second agent is refused, and the check-up finds all well
    let second = run(&["run", "--once"]);
    assert!(second.sentence().contains("another caliper-agent is using the queue"), "{}", second.sentence());
    let doctor = run(&["doctor"]);
    assert!(doctor.status.success(), "{}{}", doctor.output, doctor.errors);

    run(&["service", "stop"]).succeeded();
    assert_eq!(status(), "stopped");
    assert!(scene.log().trim_end().ends_with("the service has stopped"), "{}", scene.log());
    run(&["service", "uninstall"]).succeeded();
    assert_eq!(status(), "not installed");
    assert!(scene.holds("identity.json"), "identity and queue stay");
    run(&["service", "uninstall", "--purge"]).succeeded();
    assert!(!scene.home.exists());
}

#[test]
fn as_a_package_it_installs_silently_upgrades_and_goes() {
    let Some(scene) = Scene::new() else { return };
    let agent = scene.windows.agent();
    let package = |version: &str| {
        let path = scene.folder.path().join(format!("{version}.msi"));
        let mut msi = Command::new(workspace().join("deploy/windows/msi.sh"));
        finish(msi.arg(&agent).arg(&path).arg(version)).succeeded();
        drive_z(&path)
    };
    let (first, second) = (package("0.1.0"), package("0.2.0"));
    let msiexec = |arguments: &[&str]| scene.windows.run("msiexec", &[arguments, &["/qn"]].concat());
    let program = scene.windows.drive_c("Program Files/Caliper/Agent/caliper-agent.exe");
    let status = || scene.windows.run(&program, &["service", "status"]).succeeded().output.trim().to_owned();

    let token = format!("ENROLLTOKENFILE={}", scene.token());
    // installed where there is no configuration yet, it writes down what it was told
    let told = scene.home.join("config.toml");
    fs_err::remove_file(&told).unwrap();
    let proxy = FakeProxy::start(Manner::Connects);
    let by_proxy = format!("PROXY={}", proxy.url());
    msiexec(&["/i", &first, "STARTSERVICE=0", &by_proxy, "SITE=Munich South", "TAGS=test, tier 1"]).succeeded();
    let expected = format!("proxy = \"{}\"\nsite = \"Munich South\"\ntags = [\"test\", \"tier 1\"]\n", proxy.url());
    assert_eq!(fs_err::read_to_string(&told).unwrap(), expected);
    msiexec(&["/x", &first]).succeeded();
    fs_err::write(&told, format!("{}{}", fs_err::read_to_string(&told).unwrap(), scene.configuration())).unwrap();

    msiexec(&["/i", &first, &token]).succeeded();
    scene.until_delivered();
    let listed = scene.aggregator.run(&["agents", "list", "--tag", "tier 1"]).succeeded().output;
    assert!(listed.contains("Munich South, test, tier 1"), "{listed}");
    assert!(proxy.asked().len() >= 2, "enrolment and delivery go through the proxy: {:?}", proxy.asked());
    assert_eq!(status(), "running");
    let configuration = fs_err::read(scene.home.join("config.toml")).unwrap();
    let identity = fs_err::read(scene.home.join("identity.json")).unwrap();

    msiexec(&["/i", &second, "LOGLEVEL=error"]).succeeded();
    scene.until("the new version at work", || status() == "running");
    assert_eq!(fs_err::read(scene.home.join("config.toml")).unwrap(), configuration, "an upgrade keeps it");
    assert_eq!(fs_err::read(scene.home.join("identity.json")).unwrap(), identity);
    assert!(!msiexec(&["/i", &first]).status.success(), "a downgrade is refused");
    assert_eq!(status(), "running");

    msiexec(&["/x", &second]).succeeded();
    assert!(!program.exists() && scene.holds("identity.json"), "the program goes, what it knows stays");
    assert_eq!(scene.windows.run(&agent, &["service", "status"]).output.trim(), "not installed");

    // a first installation without anything said, and without a trace
    fs_err::remove_dir_all(&scene.home).unwrap();
    msiexec(&["/i", &first, "STARTSERVICE=0"]).succeeded();
    assert_eq!(status(), "stopped");
    assert_eq!(fs_err::read_to_string(scene.home.join("config.toml")).unwrap(), "");
    msiexec(&["/x", &first, "PURGE=1"]).succeeded();
    assert!(!program.exists() && !scene.home.exists());
}

/// The Wine folder says that it is a Windows Server 2022 Standard (`tests/windows/cross.sh`).
#[test]
fn it_describes_the_machine_it_runs_on() {
    let Some(windows) = windows() else { return };
    let agent = windows.agent();
    windows.run(&agent, &["service", "uninstall", "--purge"]).succeeded();
    let report = windows.run(&agent, &["collect", "--json"]).succeeded();
    let report = caliper_proto::Report::from_json(&report.output).unwrap();
    let server = &report.server;
    assert_eq!((server.edition.as_deref(), server.version.as_deref()), (Some("ServerStandard"), Some("2022")));
    assert_eq!((server.build, server.product_type), (Some(20_348), Some(3)));
    let host = thread::available_parallelism().unwrap().get();
    assert_eq!(server.logical_processors, Some(u32::try_from(host).unwrap()), "as many as Linux sees");
    assert!(server.sockets.is_some_and(|sockets| sockets > 0) && server.cores.is_some_and(|cores| cores > 0));
    assert!(!server.name.is_empty());
}

/// Keys made for a test; gone with it, also when it fails.
struct Keys<'a>(&'a Windows, Vec<&'static str>);

impl<'a> Keys<'a> {
    /// Writes values: key, name, kind, text.
    fn write(windows: &'a Windows, values: &[(&'static str, &str, &str, &str)]) -> Self {
        let keys = Self(windows, values.iter().map(|(key, ..)| *key).collect());
        for (key, name, kind, text) in values {
            windows.run("reg", &["add", key, "/f", "/v", name, "/t", kind, "/d", text]).succeeded();
        }
        keys
    }
}

impl Drop for Keys<'_> {
    fn drop(&mut self) {
        for key in &self.1 {
            self.0.run("reg", &["delete", key, "/f"]);
        }
    }
}

#[test]
fn group_policy_beats_the_file() {
    let Some(windows) = windows() else { return };
    let agent = windows.agent();
    let policies = r"HKLM\SOFTWARE\Policies\Caliper\Agent";
    let _keys = Keys::write(
        &windows,
        &[(policies, "CollectAt", "REG_SZ", "02:30"), (policies, "QueueMaxBytes", "REG_DWORD", "2097152")],
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs_err::write(&file, "[collect]\nat = ['14:00']\nevery = '2h'\n").unwrap();
    let shown = windows.run(&agent, &["--config", &drive_z(&file), "config", "show"]).succeeded().output;
    for line in ["collect.at       02:30", "queue.max_bytes  2097152"] {
        let found = shown.lines().find(|shown| shown.starts_with(line)).unwrap_or_else(|| panic!("{line}\n{shown}"));
        assert!(found.ends_with("(group policy)"), "{found}");
    }
    assert!(shown.contains("collect.every    2h"), "{shown}");
}

/// The computer's domain, for the time of a test.
struct Domain<'a>(&'a Windows);

impl<'a> Domain<'a> {
    fn set(windows: &'a Windows, name: &str) -> Self {
        let domain = Self(windows);
        domain.write(name).succeeded();
        domain
    }

    fn write(&self, name: &str) -> Finished {
        let parameters = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
        self.0.run("reg", &["add", parameters, "/f", "/v", "Domain", "/t", "REG_SZ", "/d", name])
    }
}

impl Drop for Domain<'_> {
    fn drop(&mut self) {
        self.write("");
    }
}

/// Wine asks the name servers of Linux. The one here is a fake; the agent, Windows' call and the aggregator are not.
#[test]
fn the_aggregator_is_found_by_dns() {
    const NAME_SERVER: &str = "127.53.84.45:53";
    let Some(scene) = Scene::new() else { return };
    let agent = scene.windows.agent();
    let Ok(names) =
        FakeNameServer::start(NAME_SERVER.parse().unwrap(), "caliper.nordwind.example", scene.serving.grpc.port())
    else {
        return eprintln!("skipped: no name server at {NAME_SERVER}: run as root");
    };
    let resolver = scene.folder.path().join("resolv.conf");
    fs_err::write(&resolver, "nameserver 127.53.84.45\n").unwrap();
    let token = scene.folder.path().join("unnamed");
    let create = ["token", "create", "--without-address", "--output", &token.display().to_string()];
    scene.aggregator.run(&create).succeeded();
    let _domain = Domain::set(&scene.windows, "nordwind.example");
    let enroll = ["enroll", "--token-file", &drive_z(&token)];
    for arguments in [&enroll[..], &["run", "--once", "--timeout", "50"], &["doctor"]] {
        let command = scene.windows.command(&agent, arguments);
        let Some(mut command) = with_resolver(&command, &resolver) else { return };
        finish(&mut command).succeeded();
    }
    assert_eq!(scene.aggregator.count("access"), i64::try_from(ROWS).unwrap());
    assert!(names.asked().contains(&"SRV _caliper._tcp.nordwind.example".to_owned()), "{:?}", names.asked());
    scene.windows.run(&agent, &["service", "uninstall", "--purge"]).succeeded();
}

/// What is installed nowhere here stands in the registry all the same, so that the calls that read it are tried.
#[test]
fn what_is_installed_is_read_from_the_registry() {
    let Some(windows) = windows() else { return };
    let agent = windows.agent();
    let sql = r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server";
    let _keys = Keys::write(
        &windows,
        &[
            (
                r"HKLM\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\RDS-RD-Server",
                "InstallState",
                "REG_DWORD",
                "1",
            ),
            (
                r"HKLM\SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache\Hyper-V",
                "InstallState",
                "REG_DWORD",
                "0",
            ),
            (
                r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\Licensing Core",
                "LicensingMode",
                "REG_DWORD",
                "4",
            ),
            (r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL", "DEV", "REG_SZ", "MSSQL16.DEV"),
            (
                r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.DEV\Setup",
                "Edition",
                "REG_SZ",
                "Developer Edition",
            ),
            (r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.DEV\Setup", "Version", "REG_SZ", "16.0.1000.6"),
            (sql, "caliper", "REG_SZ", "so that all of it goes"),
            (r"HKLM\Cluster", "ClusterName", "REG_SZ", "CL1"),
            (r"HKLM\Cluster\Nodes\1", "NodeName", "REG_SZ", "N1"),
        ],
    );
    let report = windows.run(&agent, &["collect", "--json"]).succeeded();
    let installed = caliper_proto::Report::from_json(&report.output).unwrap().server.installed;
    assert_eq!(installed.features, ["RDS-RD-Server"]);
    assert_eq!(installed.remote_desktop_licensing.as_deref(), Some("per user"));
    let instance = &installed.sql_instances[0];
    assert_eq!((instance.name.as_str(), instance.edition.as_deref()), ("DEV", Some("Developer Edition")));
    assert_eq!((installed.sql_instances.len(), instance.version.as_deref()), (1, Some("16.0.1000.6")));
    assert_eq!(
        (installed.cluster.as_deref(), installed.cluster_nodes.as_slice()),
        (Some("CL1"), &["N1".to_owned()][..])
    );
}
