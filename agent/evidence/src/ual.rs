//! User Access Logging: the databases under `System32\LogFiles\Sum` of Windows Server 2012 and later, as plain rows.
//!
//! Every row of every table comes out as it was stored, with addresses in canonical form and times in microseconds;
//! [`Client::accesses`] tells what a row says about one year. Nothing here judges who needs a licence.

mod access;
mod roles;
mod rows;

use std::io::{Read, Seek};

pub use access::Access;
pub use roles::role_name;
pub use rows::{ChainedDatabase, Client, DnsName, RoleAccess, RoleName, SystemIdentity, VirtualMachine};

use crate::ese::{Database, EseError};
use access::Doubts;
use rows::Columns;

/// Everything in one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UalFile {
    /// `CLIENTS`: who used which role from where on which days.
    pub clients: Vec<Client>,
    /// `ROLE_ACCESS`: first and last use of each role.
    pub roles: Vec<RoleAccess>,
    /// `DNS`: names of client addresses.
    pub dns_names: Vec<DnsName>,
    /// `VIRTUALMACHINES`: guests of a Hyper-V host.
    pub virtual_machines: Vec<VirtualMachine>,
    /// `SYSTEM_IDENTITY`: the server over time.
    pub identities: Vec<SystemIdentity>,
    /// `CHAINED_DATABASES`: the file of each year.
    pub chain: Vec<ChainedDatabase>,
    /// `ROLE_IDS`: names of roles.
    pub role_names: Vec<RoleName>,
    /// Whether the engine closed the file properly.
    pub is_clean: bool,
    /// Whether any of UAL's tables is in the database at all.
    pub is_ual: bool,
    /// What was damaged or contradicts itself.
    pub warnings: Vec<String>,
}

impl UalFile {
    /// The server as it is: the identity with the newest creation time.
    #[must_use]
    pub fn newest_identity(&self) -> Option<&SystemIdentity> {
        self.identities.iter().max_by_key(|identity| identity.created)
    }
}

/// Reads a database of any of the three kinds (`Current.mdb`, `{GUID}.mdb`, `SystemIdentity.mdb`).
pub fn read<R: Read + Seek>(reader: R) -> Result<UalFile, EseError> {
    let (mut clients, mut dns_names) = (Vec::new(), Vec::new());
    let file = read_each(reader, |found| match found {
        Found::Client(client) => clients.push(client),
        Found::Name(name) => dns_names.push(name),
    })?;
    Ok(UalFile { clients, dns_names, ..file })
}

/// A row of a table that may have millions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Of `CLIENTS`.
    Client(Client),
    /// Of `DNS`.
    Name(DnsName),
}

/// The same, but rows of the tables that may have millions go to `each` instead of into the result.
pub fn read_each<R: Read + Seek>(reader: R, mut each: impl FnMut(Found)) -> Result<UalFile, EseError> {
    let mut database = Database::open(reader)?;
    let mut file = UalFile { is_clean: database.is_clean(), ..UalFile::default() };
    if !file.is_clean {
        file.warnings.push("the database was not closed cleanly: its last minutes may be missing".to_owned());
    }
    let mut doubts = Doubts::default();
    for table in database.tables()? {
        let columns = Columns::new(&table);
        let known = match table.name.as_str() {
            "CLIENTS" => database.rows(&table, |row| {
                let client = Client::from_row(&columns, &row);
                doubts.look(&client);
                each(Found::Client(client));
            }),
            "ROLE_ACCESS" => database.rows(&table, |row| file.roles.push(RoleAccess::from_row(&columns, &row))),
            "DNS" => database.rows(&table, |row| each(Found::Name(DnsName::from_row(&columns, &row)))),
            "VIRTUALMACHINES" => {
                database.rows(&table, |row| file.virtual_machines.push(VirtualMachine::from_row(&columns, &row)))
            }
            "SYSTEM_IDENTITY" => {
                database.rows(&table, |row| file.identities.push(SystemIdentity::from_row(&columns, &row)))
            }
            "CHAINED_DATABASES" => {
                database.rows(&table, |row| file.chain.push(ChainedDatabase::from_row(&columns, &row)))
            }
            "ROLE_IDS" => database.rows(&table, |row| file.role_names.push(RoleName::from_row(&columns, &row))),
            _ => continue,
        };
        known?;
        file.is_ual = true;
    }
    file.warnings.extend(database.take_warnings());
    file.warnings.extend(doubts.sentences());
    Ok(file)
}

/// The names of roles alone, which may stand in another database than the rows that need them.
pub fn role_names<R: Read + Seek>(reader: R) -> Result<Vec<RoleName>, EseError> {
    let mut database = Database::open(reader)?;
    let mut names = Vec::new();
    for table in database.tables()?.iter().filter(|table| table.name == "ROLE_IDS") {
        let columns = Columns::new(table);
        database.rows(table, |row| names.push(RoleName::from_row(&columns, &row)))?;
    }
    Ok(names)
}
