//! People, the devices they share, and the servers they use, team by team. A team is small and shares no device
//! with another one, so that its cheapest mix of CALs can be found by trying every one.

use super::{DOMAIN, Device, Joined, NETBIOS, Organisation, Person, Standing, Visit};
use crate::{cover, random::Random};

/// Where a team belongs, which decides which servers it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Department {
    /// Signs in, files.
    Sales,
    /// Also the newest file server.
    Finance,
    /// Shifts at shared machines: prints.
    Production,
    /// Shifts at shared machines that reach the oldest server only.
    Warehouse,
    /// Databases and desktops.
    Engineering,
    /// Administers everything.
    Administration,
    /// Partner companies: web pages only.
    Partners,
}

impl Department {
    /// For people to read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sales => "Sales",
            Self::Finance => "Finance",
            Self::Production => "Production",
            Self::Warehouse => "Warehouse",
            Self::Engineering => "Engineering",
            Self::Administration => "IT",
            Self::Partners => "Partners",
        }
    }

    fn servers(self) -> &'static [&'static str] {
        match self {
            Self::Sales => &["NW-DC1", "NW-FS1", "NW-MAIL1"],
            Self::Finance => &["NW-DC1", "NW-FS2", "NW-MAIL1"],
            Self::Production => &["NW-DC2", "NW-PRINT1"],
            Self::Warehouse => &["NW-APP1"],
            Self::Engineering => &["NW-DC2", "NW-SQL1", "NW-RDS1"],
            Self::Administration => &["NW-DC1", "NW-DC2", "NW-WEB1"],
            Self::Partners => &["NW-WEB1"],
        }
    }
}

/// People that share devices with nobody outside.
#[derive(Debug, Clone)]
pub struct Team {
    /// Where it belongs.
    pub department: Department,
    /// Indexes of its people.
    pub people: Vec<usize>,
}

const GIVEN: [&str; 24] = [
    "Anna", "Bert", "Clara", "David", "Emma", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Karla", "Leo", "Mia", "Nils",
    "Olga", "Paul", "Rosa", "Sven", "Tilda", "Uwe", "Vera", "Willi", "Xenia", "Yann",
];
const FAMILY: [&str; 20] = [
    "Ahrens", "Berg", "Claas", "Dierks", "Ehlers", "Fock", "Grote", "Hansen", "Iversen", "Jessen", "Kock", "Lorenz",
    "Meier", "Nissen", "Oltmanns", "Petersen", "Rickmers", "Siems", "Thoms", "Wulff",
];

/// Founds teams until there are `people` people.
pub fn found(organisation: &mut Organisation, random: &mut Random, people: usize) {
    // every kind of team once, whatever the size, then by chance
    let first = [
        Department::Administration,
        Department::Sales,
        Department::Production,
        Department::Partners,
        Department::Finance,
        Department::Warehouse,
        Department::Engineering,
    ];
    let later = [
        Department::Sales,
        Department::Sales,
        Department::Finance,
        Department::Production,
        Department::Production,
        Department::Warehouse,
        Department::Engineering,
        Department::Engineering,
        Department::Partners,
    ];
    let mut round = 0;
    while organisation.people.len() < people || round < first.len() {
        let department = if round < first.len() { first[round] } else { *random.pick(&later) };
        found_team(organisation, random, department);
        round += 1;
    }
}

fn found_team(organisation: &mut Organisation, random: &mut Random, department: Department) {
    let mut team = Team { department, people: Vec::new() };
    let shared = matches!(department, Department::Production | Department::Warehouse);
    let size = match department {
        Department::Administration => 2,
        Department::Partners => random.between(1, 3),
        Department::Production | Department::Warehouse => random.between(4, 8),
        _ => random.between(2, 5),
    };
    let standing = if department == Department::Partners { Standing::External } else { Standing::Staff };
    for _ in 0..size {
        team.people.push(hire(organisation, random, department, standing));
    }
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    if shared {
        // shared machines on shift work (rule E.17): everybody uses at least one of them
        let machines: Vec<usize> =
            (0..random.between(1, 2)).map(|_| buy(organisation, random, Joined::Domain)).collect();
        for &person in &team.people {
            pairs.push((person, *random.pick(&machines)));
            if random.chance(50) {
                pairs.push((person, *random.pick(&machines)));
            }
        }
        // the leaver's account is disabled, the machine stays
        if random.chance(60) || organisation.teams.len() < 7 {
            let leaver = hire(organisation, random, department, Standing::Leaver);
            let own = buy(organisation, random, Joined::Domain);
            pairs.extend([(leaver, machines[0]), (leaver, own)]);
        }
    } else {
        for &person in &team.people {
            for _ in 0..devices_of(department, random) {
                let joined = joined(department, random);
                let device = buy(organisation, random, joined);
                pairs.push((person, device));
            }
        }
        if random.chance(40) || organisation.teams.len() < 7 {
            let sleeper = hire(organisation, random, department, Standing::Dormant);
            let device = buy(organisation, random, Joined::Domain);
            pairs.push((sleeper, device));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    visit(organisation, random, &team, &pairs);
    organisation.teams.push(team);
}

fn devices_of(department: Department, random: &mut Random) -> usize {
    match department {
        // strangers' addresses: at least two each, so that the person is the cheaper one to license
        Department::Partners | Department::Administration => 2,
        _ => *random.pick(&[1, 1, 2, 2, 3]),
    }
}

fn joined(department: Department, random: &mut Random) -> Joined {
    match department {
        Department::Partners => Joined::Address,
        Department::Administration => Joined::Domain,
        _ => *random.pick(&[Joined::Domain, Joined::Domain, Joined::Domain, Joined::Name]),
    }
}

/// Adds the visits of a team, with people at each other's desks as long as the answer stays the only one.
fn visit(organisation: &mut Organisation, random: &mut Random, team: &Team, pairs: &[(usize, usize)]) {
    let servers: Vec<usize> = team.department.servers().iter().map(|name| organisation.server(name)).collect();
    let newest = *servers.iter().max_by_key(|&&server| organisation.servers[server].version).unwrap_or(&0);
    let mut visits = Vec::new();
    for &(person, device) in pairs {
        let long_ago = organisation.people[person].standing == Standing::Dormant;
        for &server in &servers {
            if server == newest || random.chance(60) {
                visits.push(Visit { person, device, server, as_admin: false, long_ago });
            }
        }
        // a second, old look at another server changes nothing (rule E.19)
        if random.chance(10) {
            visits.push(Visit {
                person,
                device,
                server: organisation.server("NW-FS2"),
                as_admin: false,
                long_ago: true,
            });
        }
        if organisation.people[person].admin_login.is_some() {
            // a host that only runs virtual machines is managed without a CAL (rule E.8)
            for server in [newest, organisation.server("NW-HV1"), organisation.server("NW-HV2")] {
                visits.push(Visit { person, device, server, as_admin: true, long_ago: false });
            }
        }
    }
    if team.department != Department::Partners {
        for _ in 0..team.people.len() {
            if !random.chance(40) {
                continue;
            }
            let (person, device) = (*random.pick(&team.people), random.pick(pairs).1);
            let server = *random.pick(&servers);
            let guest = Visit { person, device, server, as_admin: false, long_ago: false };
            let mut more = visits.clone();
            more.push(guest);
            let counting: Vec<Visit> = more.iter().filter(|visit| organisation.counts(visit)).copied().collect();
            if cover::cheapest(&organisation.servers, &counting).only {
                visits = more;
            }
        }
    }
    organisation.visits.append(&mut visits);
}

fn hire(organisation: &mut Organisation, random: &mut Random, department: Department, standing: Standing) -> usize {
    let number = organisation.people.len();
    let (given, family) = (*random.pick(&GIVEN), *random.pick(&FAMILY));
    let login = format!("{}.{}{number}", given.to_lowercase(), family.to_lowercase());
    let admin = department == Department::Administration && standing == Standing::Staff;
    organisation.people.push(Person {
        admin_login: admin.then(|| format!("adm.{}{number}", family.to_lowercase())),
        login,
        display_name: format!("{given} {family}"),
        employee: format!("{}", 100_000 + number),
        standing,
        department,
    });
    number
}

fn buy(organisation: &mut Organisation, random: &mut Random, joined: Joined) -> usize {
    let number = organisation.devices.len();
    let (high, low) = (number / 250, number % 250 + 1);
    let (name, address) = match joined {
        Joined::Domain => (format!("NW-PC-{number:05}"), format!("10.{}.{}.{low}", 16 + high / 250, high % 250)),
        Joined::Name => (format!("phone-{number:05}"), format!("10.{}.{}.{low}", 16 + high / 250, high % 250)),
        // addresses set aside for documentation and tests of equipment: nobody's
        Joined::Address => (format!("stranger-{number:05}"), format!("198.{}.{}.{low}", 18 + high / 250, high % 250)),
    };
    let second_address = (joined == Joined::Domain && random.chance(30)).then(|| format!("fd00:16::{number:x}:1"));
    organisation.devices.push(Device { name, joined, address, second_address });
    number
}

impl Person {
    /// The account's name in the forms in which logs write it, the second account if `as_admin`.
    #[must_use]
    pub fn principals(&self, as_admin: bool) -> [String; 4] {
        let login = self.admin_login.as_ref().filter(|_| as_admin).unwrap_or(&self.login);
        [
            format!("{}\\{login}", NETBIOS.to_lowercase()),
            format!("{NETBIOS}\\{}", login.to_uppercase()),
            format!("{login}@{DOMAIN}"),
            format!("{DOMAIN}\\{login}"),
        ]
    }
}
