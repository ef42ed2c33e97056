//! Estates with something of everything, drawn from a number: the same number gives the same estate.

use caliper_licensing::{
    Access, Accesses, Channel, ClusterPeak, Device, Entitlement, Estate, Host, LicensedBy, Person, Price,
    RemoteDesktopMode, Server, SqlInstance, SqlModel, Use, VersionName, WebExempt,
};

/// `SplitMix64`, published by Steele, Lea and Flood (2014).
pub struct Draw(pub u64);

impl Draw {
    pub fn number(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.number(many) == 0
    }

    pub fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.number(all.len() as u64) as usize].clone()
    }

    /// Shuffles in place (Fisher and Yates) and says where each went.
    pub fn shuffle<T>(&mut self, all: &mut [T]) -> Vec<u32> {
        let mut from: Vec<usize> = (0..all.len()).collect();
        for at in (1..all.len()).rev() {
            let other = self.number(at as u64 + 1) as usize;
            all.swap(at, other);
            from.swap(at, other);
        }
        let mut went = vec![0; all.len()];
        for (to, from) in from.into_iter().enumerate() {
            went[from] = to as u32;
        }
        went
    }
}

/// What a law cannot bear is left out.
#[derive(Clone, Copy)]
pub struct Without {
    pub administrators: bool,
    pub entitlements: bool,
}

pub const EVERYTHING: Without = Without { administrators: false, entitlements: false };

pub const SKUS: [&str; 27] = [
    "windows-server-cal/user",
    "windows-server-cal/device",
    "rds-cal/user",
    "rds-cal/device",
    "ad-rms-cal/user",
    "ad-rms-cal/device",
    "sql-server-cal/user",
    "sql-server-cal/device",
    "windows-server/external-connector",
    "rds/external-connector",
    "windows-server/standard/core",
    "windows-server/datacenter/core",
    "windows-server/standard/licence",
    "windows-server/datacenter/licence",
    "windows-server/enterprise/licence",
    "windows-server/datacenter/processor",
    "sql-server/standard/core",
    "sql-server/enterprise/core",
    "sql-server/standard/licence",
    "core-cal-suite/user",
    "core-cal-suite/device",
    "system-center/standard/core",
    "system-center/datacenter/core",
    "core-infrastructure-suite/standard/core",
    "core-infrastructure-suite/datacenter/core",
    "client-management-licence/user",
    "client-management-licence/ose",
];

/// Every family of uses that an access may belong to.
const FAMILIES: [&str; 3] = ["rds-cal", "ad-rms-cal", "sql-server-cal"];

pub fn estate(seed: u64, without: Without) -> Estate {
    let mut draw = Draw(seed);
    let mut estate = Estate { as_of: "2026-06-30".parse().unwrap(), currency: "EUR".into(), ..Estate::default() };
    for at in 0..draw.number(4) {
        estate.hosts.push(host(&mut draw, format!("host{at}")));
    }
    for at in 0..=draw.number(6) {
        let server = server(&mut draw, format!("server{at}"), &estate.hosts);
        estate.servers.push(server);
    }
    for at in 0..draw.number(9) {
        estate.people.push(Person {
            id: format!("person{at}"),
            external: draw.one_in(4),
            unresolved: draw.one_in(12),
            stands_for: draw.one_in(12).then(|| 1 + draw.number(5) as u32),
            ..Person::default()
        });
    }
    for at in 0..draw.number(9) {
        estate.devices.push(Device {
            id: format!("device{at}"),
            unresolved: draw.one_in(12),
            server: draw.one_in(12),
            managed: draw.one_in(4),
            ..Device::default()
        });
    }
    let mut rows = Vec::new();
    let mut uses: [Vec<Access>; 3] = Default::default();
    for _ in 0..draw.number(40) {
        let end = |draw: &mut Draw, count: usize| {
            if count == 0 || draw.one_in(7) { Accesses::NONE } else { draw.number(count as u64) as u32 }
        };
        let row = Access {
            person: end(&mut draw, estate.people.len()),
            device: end(&mut draw, estate.devices.len()),
            server: draw.number(estate.servers.len() as u64) as u32,
            flags: draw.of(&[0, 0, 0, 0, Accesses::INFRASTRUCTURE, Accesses::WEB, Accesses::ANONYMOUS])
                | if draw.one_in(5) && !without.administrators { Accesses::ADMINISTRATION } else { 0 },
        };
        if (row.person, row.device) == (Accesses::NONE, Accesses::NONE) {
            continue;
        }
        for used in &mut uses {
            if draw.one_in(4) {
                used.push(row);
            }
        }
        rows.push(row);
    }
    estate.accesses = Accesses::of(rows);
    for (cal, rows) in FAMILIES.into_iter().zip(uses) {
        if !rows.is_empty() {
            estate.uses.push(Use { cal: cal.into(), accesses: Accesses::of(rows), ..Use::default() });
        }
    }
    for at in 0..draw.number(3) {
        estate.sql.push(SqlInstance {
            id: format!("sql{at}"),
            server: draw.of(&estate.servers).id,
            version: draw.of(&[None, Some(VersionName::V2012), Some(VersionName::V2014), Some(VersionName::V2022)]),
            edition: draw.of(&[None, Some("Standard".into()), Some("Enterprise".into()), Some("Express".into())]),
            model: draw.of(&[None, Some(SqlModel::Core), Some(SqlModel::ServerCal)]),
            passive: draw.one_in(5),
            ..SqlInstance::default()
        });
    }
    for sku in SKUS {
        if !draw.one_in(4) {
            let minor = 1 + draw.number(9);
            estate.prices.push(Price { sku: sku.into(), minor: minor * 100, units: 1 });
        }
        if !without.entitlements && draw.one_in(3) {
            estate.entitlements.push(Entitlement {
                sku: sku.into(),
                version: draw.of(&VersionName::WINDOWS),
                quantity: draw.number(40),
                software_assurance_until: draw.of(&[None, Some("2027-01-01".parse().unwrap())]),
                channel: draw.of(&[Channel::Volume, Channel::Oem, Channel::Retail]),
                ..Entitlement::default()
            });
        }
    }
    estate.system_center = draw.of(&[None, Some(VersionName::V2012R2), Some(VersionName::V2019)]);
    let policy = &mut estate.policy;
    policy.cluster_peak = draw.of(&[None, Some(ClusterPeak::NPlusOne), Some(ClusterPeak::WorstCase)]);
    policy.web_exempt = draw.of(&[WebExempt::AnonymousOnly, WebExempt::PublicWeb]);
    policy.per_virtual_machine = draw.one_in(3);
    policy.disabled_cores_count = !draw.one_in(4);
    estate
}

fn host(draw: &mut Draw, id: String) -> Host {
    let processors: Vec<u32> = (0..draw.number(4)).map(|_| 1 + draw.number(20) as u32).collect();
    Host {
        id,
        fitted: if draw.one_in(5) { processors.iter().map(|cores| cores + 2).collect() } else { vec![] },
        processors,
        windows: draw.one_in(2),
        virtualization_only: draw.one_in(3),
        peak_virtual_machines: draw.one_in(3).then(|| draw.number(9) as u32),
        processor_model: draw.of(&[None, Some("AMD Opteron 6276".into()), Some("Intel Xeon E5-2650".into())]),
        cluster: draw.of(&[None, Some("cluster".into())]),
        managed: draw.one_in(5),
        managed_machines: if draw.one_in(5) { draw.number(4) as u32 } else { 0 },
        isolated_containers: if draw.one_in(6) { draw.number(4) as u32 } else { 0 },
        ..Host::default()
    }
}

fn server(draw: &mut Draw, id: String, hosts: &[Host]) -> Server {
    let is_virtual = draw.one_in(2);
    let host = (!hosts.is_empty() && !draw.one_in(4)).then(|| draw.of(hosts).id);
    Server {
        id,
        version: draw.of(&[
            None,
            Some(VersionName::V2008R2),
            Some(VersionName::V2012R2),
            Some(VersionName::V2019),
            Some(VersionName::V2025),
        ]),
        edition: draw.of(&[
            None,
            Some("Standard".into()),
            Some("Standard".into()),
            Some("Datacenter".into()),
            Some("Web".into()),
        ]),
        host,
        is_virtual,
        virtual_processors: (is_virtual && draw.one_in(2)).then(|| 1 + draw.number(24) as u32),
        licensed_by: if draw.one_in(8) {
            draw.of(&[LicensedBy::Azure, LicensedBy::PayAsYouGo])
        } else {
            LicensedBy::Host
        },
        web_workload: draw.one_in(6),
        remote_desktop: draw.of(&[None, Some(RemoteDesktopMode::PerUser), Some(RemoteDesktopMode::PerDevice)]),
        managed: draw.one_in(3),
        disaster_recovery: draw.one_in(12),
        ..Server::default()
    }
}

/// The same estate with everything in another order.
pub fn shuffled(estate: &Estate, seed: u64) -> Estate {
    let mut draw = Draw(seed);
    let mut other = estate.clone();
    draw.shuffle(&mut other.hosts);
    let servers = draw.shuffle(&mut other.servers);
    let people = draw.shuffle(&mut other.people);
    let devices = draw.shuffle(&mut other.devices);
    draw.shuffle(&mut other.entitlements);
    draw.shuffle(&mut other.prices);
    draw.shuffle(&mut other.sql);
    draw.shuffle(&mut other.uses);
    let mut turn = |accesses: &Accesses| {
        let mut rows: Vec<Access> = accesses.rows().map(|row| moved(row, &people, &devices, &servers)).collect();
        draw.shuffle(&mut rows);
        Accesses {
            person: rows.iter().map(|row| row.person).collect(),
            device: rows.iter().map(|row| row.device).collect(),
            server: rows.iter().map(|row| row.server).collect(),
            flags: rows.iter().map(|row| row.flags).collect(),
        }
    };
    other.accesses = turn(&estate.accesses);
    for used in &mut other.uses {
        used.accesses = turn(&used.accesses);
    }
    other
}

fn moved(row: Access, people: &[u32], devices: &[u32], servers: &[u32]) -> Access {
    let to = |went: &[u32], index: u32| if index == Accesses::NONE { index } else { went[index as usize] };
    Access {
        person: to(people, row.person),
        device: to(devices, row.device),
        server: to(servers, row.server),
        flags: row.flags,
    }
}

/// The same estate under other names.
pub fn renamed(estate: &Estate, seed: u64) -> Estate {
    let mut draw = Draw(seed);
    let salt = draw.number(1 << 60);
    let name = |id: &str| {
        format!(
            "{:016x}",
            Draw(salt ^ id.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(257) + u64::from(byte))).number(u64::MAX)
        )
    };
    let mut other = estate.clone();
    for host in &mut other.hosts {
        host.id = name(&host.id);
    }
    for server in &mut other.servers {
        server.id = name(&server.id);
        server.host = server.host.as_deref().map(name);
    }
    for sql in &mut other.sql {
        sql.server = name(&sql.server);
        sql.id = name(&sql.id);
    }
    for person in &mut other.people {
        person.id = name(&person.id);
    }
    for device in &mut other.devices {
        device.id = name(&device.id);
    }
    other
}

/// Both estates as one of one organisation, with nothing shared but prices and policy (those of the first).
pub fn merged(one: &Estate, two: &Estate) -> Estate {
    let other = |id: &str| format!("other-{id}");
    let mut both = one.clone();
    let (people, devices, servers) = (one.people.len() as u32, one.devices.len() as u32, one.servers.len() as u32);
    both.hosts.extend(two.hosts.iter().map(|host| Host {
        id: other(&host.id),
        cluster: host.cluster.as_deref().map(other),
        ..host.clone()
    }));
    both.servers.extend(two.servers.iter().map(|server| Server {
        id: other(&server.id),
        host: server.host.as_deref().map(other),
        ..server.clone()
    }));
    both.people.extend(two.people.iter().map(|person| Person { id: other(&person.id), ..person.clone() }));
    both.devices.extend(two.devices.iter().map(|device| Device { id: other(&device.id), ..device.clone() }));
    both.sql.extend(two.sql.iter().map(|sql| SqlInstance {
        id: other(&sql.id),
        server: other(&sql.server),
        ..sql.clone()
    }));
    let shift = |index: u32, by: u32| if index == Accesses::NONE { index } else { index + by };
    let add = |to: &Accesses, more: &Accesses| {
        let more = more.rows().map(|row| Access {
            person: shift(row.person, people),
            device: shift(row.device, devices),
            server: row.server + servers,
            flags: row.flags,
        });
        Accesses::of(to.rows().chain(more).collect())
    };
    both.accesses = add(&one.accesses, &two.accesses);
    for used in &two.uses {
        match both.uses.iter_mut().find(|other| other.cal == used.cal) {
            Some(known) => known.accesses = add(&known.accesses, &used.accesses),
            None => both.uses.push(Use {
                cal: used.cal.clone(),
                accesses: add(&Accesses::default(), &used.accesses),
                ..Use::default()
            }),
        }
    }
    both.entitlements.extend(two.entitlements.iter().cloned());
    both
}
