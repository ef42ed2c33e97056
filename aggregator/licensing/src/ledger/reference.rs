//! What the entries of the ledger name: entitlements, numbers of licences, people, devices, hosts and servers.

use std::collections::HashMap;

use super::{Holder, Unit};
use crate::estate::{Assignment, AssignmentReason, Estate, EstateError};

/// Places by name; empty where nothing is assigned.
#[derive(Default)]
pub(super) struct References<'a> {
    estate: Option<&'a Estate>,
    entitlements: HashMap<&'a str, u32>,
    people: HashMap<&'a str, u32>,
    devices: HashMap<&'a str, u32>,
    hosts: HashMap<&'a str, u32>,
    servers: HashMap<&'a str, u32>,
}

impl<'a> References<'a> {
    pub fn of(estate: &'a Estate) -> Result<Self, EstateError> {
        let mut entitlements = HashMap::new();
        for (entitlement, at) in estate.entitlements.iter().zip(0..) {
            if let Some(id) = entitlement.id.as_deref()
                && entitlements.insert(id, at).is_some()
            {
                return Err(EstateError::Twice { kind: "entitlement", id: id.to_owned() });
            }
        }
        let is_assigned = estate.entitlements.iter().any(|entitlement| !entitlement.assigned_to.is_empty());
        if estate.assignments.is_empty() && !is_assigned {
            return Ok(Self::default());
        }
        Ok(Self {
            estate: Some(estate),
            entitlements,
            people: estate.people.iter().map(|person| person.id.as_str()).zip(0..).collect(),
            devices: estate.devices.iter().map(|device| device.id.as_str()).zip(0..).collect(),
            hosts: estate.hosts.iter().map(|host| host.id.as_str()).zip(0..).collect(),
            servers: estate.servers.iter().map(|server| server.id.as_str()).zip(0..).collect(),
        })
    }

    /// Who or what can hold a licence of that unit under that name.
    pub fn find(&self, unit: Unit, name: &str) -> Option<Holder<'a>> {
        let person = || self.people.get(name).map(|&at| Holder::Person(at));
        let device = || self.devices.get(name).map(|&at| Holder::Device(at));
        match unit {
            Unit::User => person().or_else(device),
            Unit::Device => device().or_else(person),
            Unit::Machine => {
                let host = self.hosts.get(name).map(|&at| Holder::Host(at));
                host.or_else(|| self.servers.get(name).map(|&at| Holder::Server(at)))
            }
        }
    }

    /// The place of the entitlement and the holder of an entry, the `at`th from 0.
    pub fn resolve(&self, at: usize, assignment: &Assignment) -> Result<(u32, Holder<'a>), EstateError> {
        let place = |field: &str| format!("`{field}` of assignment {}", at + 1);
        let refused = |field, problem| Err(EstateError::Value { place: place(field), problem });
        let missing = |field, kind, id: &str| EstateError::Missing { place: place(field), kind, id: id.to_owned() };
        let Assignment { entitlement, number, to, from, reason, temporary_until } = assignment;
        let found = self.estate.zip(self.entitlements.get(entitlement.as_str()));
        let Some((estate, &of)) = found else {
            return Err(missing("entitlement", "entitlement", entitlement));
        };
        let entitlement = &estate.entitlements[of as usize];
        if *number == 0 || u64::from(*number) > entitlement.quantity {
            return refused(
                "number",
                "its entitlement has no such licence, they count from 1 to its `quantity`: correct it",
            );
        }
        if let Some(until) = temporary_until {
            if *reason != AssignmentReason::Temporary {
                return refused("temporary_until", "only for the reason `temporary`: state it, or leave out the day");
            }
            if until < from {
                return refused("temporary_until", "it is before the day `from`: correct one of them");
            }
        }
        let unit = Unit::of(&entitlement.sku);
        let kind = match unit {
            Unit::User => "person",
            Unit::Device => "device",
            Unit::Machine => "host",
        };
        self.find(unit, to).map(|holder| (of, holder)).ok_or_else(|| missing("to", kind, to))
    }
}
