//! Machines: what each is called by whom, and at which address it is on which day.

use super::{Account, DOMAINS, Kind, Place, Scenario, WINDOW};
use crate::random::Random;

/// How a machine is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// An account in the directory of this domain.
    Domain(usize),
    /// A name in the tables of servers only.
    Name,
    /// An address and nothing else.
    Address,
}

/// Where a machine gets its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Net {
    /// Always the same.
    Fixed(String),
    /// Leased anew now and then, from the addresses of a site.
    Leased(usize),
    /// The address of a gateway that a whole branch stands behind.
    Behind(String),
}

/// A machine's second kind of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sixth {
    /// None.
    None,
    /// The same every day.
    Steady,
    /// Another one every day, for privacy.
    Daily,
}

/// One machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Host name, lower case, without domain; of an address only a name of the plan.
    pub host: String,
    /// What follows the host name; not always the domain of its account.
    pub suffix: String,
    /// How it is known.
    pub joined: Joined,
    /// Its address.
    pub net: Net,
    /// Its other address.
    pub sixth: Sixth,
    /// Whether servers resolve its addresses to its name.
    pub resolved: bool,
    /// Name before it was renamed, and the day.
    pub earlier: Option<(String, usize)>,
    /// Last part of the SID.
    pub rid: u32,
    /// Addresses held on each day, one after the other.
    pub held: Vec<Vec<String>>,
}

impl Machine {
    /// Host name on a day.
    #[must_use]
    pub fn host_on(&self, day: usize) -> &str {
        match &self.earlier {
            Some((name, when)) if day < *when => name,
            _ => &self.host,
        }
    }

    /// What Windows cuts a name to where it knows no domain.
    #[must_use]
    pub fn short_on(&self, day: usize) -> String {
        self.host_on(day).chars().take(15).collect()
    }
}

/// Sites whose addresses are leased: those of each domain, and one of both.
const SITES: usize = 3;

/// Buys machines for everybody and decides their addresses.
pub(super) fn equip(scenario: &mut Scenario, random: &mut Random) {
    let mut shop = Shop { machines: Vec::new(), twins: 0, random };
    let mut shift: Vec<usize> = Vec::new();
    let mut branch: Vec<usize> = Vec::new();
    let mut at_home = 0;
    for (at, person) in scenario.people.iter_mut().enumerate() {
        let domain = scenario.accounts[person.accounts[0]].domain;
        match person.place {
            Place::Office => {
                for _ in 0..*shop.random.pick(&[1, 1, 2, 2, 3]) {
                    person.machines.push(shop.office(domain));
                }
                // a laptop that leaves the house
                at_home += usize::from(person.home);
            }
            Place::Shift => shift.push(at),
            Place::Branch => branch.push(at),
            Place::Terminal => {
                let terminal = if shop.random.chance(60) { Joined::Name } else { Joined::Address };
                person.machines.push(shop.unmanaged("thin", terminal));
            }
        }
    }
    debug_assert!(at_home <= scenario.people.len());
    // shifts of up to eight at one or two machines
    for group in shift.chunks(7) {
        let domain = scenario.accounts[scenario.people[group[0]].accounts[0]].domain;
        let kiosks: Vec<usize> = (0..=usize::from(group.len() > 4)).map(|_| shop.kiosk(domain)).collect();
        for &at in group {
            scenario.people[at].machines.clone_from(&kiosks);
        }
    }
    // branches of about nine behind one address each
    let branches = (branch.len() / 9).max(1);
    for (number, group) in branch.chunks(branch.len().div_ceil(branches).max(1)).enumerate() {
        for &at in group {
            let domain = scenario.accounts[scenario.people[at].accounts[0]].domain;
            let machine = shop.office(domain);
            shop.machines[machine].net = Net::Behind(format!("10.44.{number}.1"));
            shop.machines[machine].sixth = Sixth::None;
            shop.machines[machine].resolved = false;
            scenario.people[at].machines.push(machine);
        }
    }
    // who left handed the machine on
    for at in 0..scenario.people.len() {
        if !scenario.people[at].active {
            let heir = (0..scenario.people.len())
                .map(|step| (at + 1 + step) % scenario.people.len())
                .find(|other| scenario.people[*other].active && scenario.people[*other].place == Place::Office);
            let machine = scenario.people[at].machines[0];
            scenario.people[at].machines.truncate(1);
            if let Some(heir) = heir {
                scenario.people[heir].machines.push(machine);
            }
        }
    }
    let mut machines = shop.machines;
    // nobody works at these: a display, the box that copies files
    let mut shop = Shop { machines: std::mem::take(&mut machines), twins: 0, random };
    let display = shop.domain("display", 0, Net::Fixed("10.0.9.6".into()));
    shop.machines[display].resolved = false;
    let backup = shop.unmanaged("backup", Joined::Name);
    shop.machines[backup].net = Net::Fixed("10.0.9.5".into());
    let shared: Vec<Account> =
        scenario.accounts.iter().filter(|account| account.kind == Kind::Shared).cloned().collect();
    for _ in shared {
        shop.kiosk(0);
    }
    machines = shop.machines;
    lease(&mut machines, random);
    scenario.machines = machines;
}

struct Shop<'a> {
    machines: Vec<Machine>,
    twins: usize,
    random: &'a mut Random,
}

impl Shop<'_> {
    fn buy(&mut self, host: String, suffix: String, joined: Joined, net: Net) -> usize {
        let at = self.machines.len();
        let sixth = match self.random.below(10) {
            0..6 => Sixth::None,
            6..9 => Sixth::Steady,
            _ => Sixth::Daily,
        };
        self.machines.push(Machine {
            host,
            suffix,
            joined,
            net,
            sixth: if joined == Joined::Address { Sixth::None } else { sixth },
            resolved: joined != Joined::Address && (joined == Joined::Name || self.random.chance(70)),
            earlier: None,
            rid: 1_000_000 + u32::try_from(at).unwrap_or(0),
            held: Vec::new(),
        });
        at
    }

    fn domain(&mut self, stem: &str, domain: usize, net: Net) -> usize {
        let host = format!("{stem}-{:03}", self.machines.len());
        self.buy(host, DOMAINS[domain].dns.into(), Joined::Domain(domain), net)
    }

    fn site(&mut self, domain: usize) -> Net {
        if self.random.chance(70) { Net::Leased(if self.random.chance(20) { 2 } else { domain }) } else { self.fixed() }
    }

    fn fixed(&mut self) -> Net {
        let at = self.machines.len();
        Net::Fixed(format!("10.1.{}.{}", at / 250, at % 250 + 1))
    }

    fn office(&mut self, domain: usize) -> usize {
        let net = self.site(domain);
        match self.random.below(100) {
            // longer than the 15 characters that Windows knows without a domain
            0..12 => {
                let host = format!("{:03}-marketing-laptop-{:04}", self.machines.len(), self.random.below(10_000));
                self.buy(host, DOMAINS[domain].dns.into(), Joined::Domain(domain), net)
            }
            // of the same image in both domains: the next one bought so is the twin
            12..20 => {
                let host = format!("desktop-{:04}", self.twins / 2);
                let twin = self.twins % 2;
                // the name is taken in the other domain only
                let domain = if twin == 1 {
                    let known = self.machines.iter().find(|machine| machine.host == host);
                    known.map_or(domain, |known| usize::from(known.joined == Joined::Domain(0)))
                } else {
                    domain
                };
                self.twins += 1;
                self.buy(host, DOMAINS[domain].dns.into(), Joined::Domain(domain), net)
            }
            // in DNS under the name of a site
            20..26 => {
                let host = format!("pc-{:04}", self.machines.len());
                self.buy(host, "hq.corp.example".into(), Joined::Domain(domain), net)
            }
            // renamed between the two exports
            26..30 => {
                let at = self.machines.len();
                let name = format!("old-{at:04}");
                let machine = self.buy(format!("new-{at:04}"), DOMAINS[domain].dns.into(), Joined::Domain(domain), net);
                self.machines[machine].earlier = Some((name, super::EXPORTED));
                machine
            }
            30..42 => self.unmanaged("macbook", Joined::Name),
            42..46 => self.unmanaged("device", Joined::Address),
            _ => self.domain("pc", domain, net),
        }
    }

    fn kiosk(&mut self, domain: usize) -> usize {
        let net = self.fixed();
        self.domain("kiosk", domain, net)
    }

    fn unmanaged(&mut self, stem: &str, joined: Joined) -> usize {
        let host = format!("{stem}-{:04}", self.machines.len());
        let net = if joined == Joined::Address { self.fixed() } else { self.site(0) };
        self.buy(host, "corp.example".into(), joined, net)
    }
}

/// Addresses of all machines on all days. Leased ones change hands, at times in the middle of a day.
fn lease(machines: &mut [Machine], random: &mut Random) {
    for machine in machines.iter_mut() {
        if let Net::Fixed(address) | Net::Behind(address) = &machine.net {
            machine.held = vec![vec![address.clone()]; WINDOW];
        }
    }
    for site in 0..SITES {
        let mobile: Vec<usize> = (0..machines.len()).filter(|at| machines[*at].net == Net::Leased(site)).collect();
        let room = mobile.len() + mobile.len() / 3 + 3;
        let address = |slot: usize| format!("10.{}.{}.{}", 10 + site, slot / 250, slot % 250 + 1);
        let mut of: Vec<usize> = (0..mobile.len()).collect();
        let mut free: Vec<usize> = (mobile.len()..room).collect();
        for _ in 0..WINDOW {
            let mut today: Vec<Vec<String>> = of.iter().map(|slot| vec![address(*slot)]).collect();
            for number in 0..mobile.len() {
                // a lease runs out now and then; what becomes free is taken by the next one
                if random.chance(9) {
                    let at = random.below(free.len());
                    let old = std::mem::replace(&mut of[number], free.swap_remove(at));
                    free.push(old);
                    // in the middle of the day one time in eight, else over night
                    if random.chance(12) {
                        today[number].push(address(of[number]));
                    } else {
                        today[number] = vec![address(of[number])];
                    }
                }
            }
            for (machine, held) in mobile.iter().zip(today) {
                machines[*machine].held.push(held);
            }
        }
    }
}
