-- Everything one organisation's aggregator remembers. Times are microseconds since 1970-01-01 UTC, money is in minor units.

-- Servers, each known by the agent that speaks for it or by the import that brought it.
CREATE TABLE server (
    id              INTEGER PRIMARY KEY,
    origin          TEXT    NOT NULL CHECK (origin IN ('agent', 'import')),
    origin_key      TEXT    NOT NULL,               -- agent: its UUID; import: lower-case name.domain
    name            TEXT    NOT NULL,
    domain          TEXT    NOT NULL,
    inventory       TEXT    NOT NULL,               -- caliper_proto::Inventory as JSON
    warnings        TEXT    NOT NULL DEFAULT '[]',  -- JSON array of texts
    observed        INTEGER NOT NULL,               -- of the inventory; an older one never replaces a newer one
    first_seen      INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL,
    UNIQUE (origin, origin_key)
);

-- Texts that occur in millions of rows, once each.
CREATE TABLE text (
    id              INTEGER PRIMARY KEY,
    value           TEXT    NOT NULL UNIQUE
);
CREATE TABLE service (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL,
    role_guid       TEXT    NOT NULL,
    UNIQUE (name, role_guid)
);

-- Invariant 1: one row per key, merged by union, maximum, minimum and maximum.
CREATE TABLE access (
    server          INTEGER NOT NULL REFERENCES server (id),
    principal       INTEGER NOT NULL REFERENCES text (id),
    client          INTEGER NOT NULL REFERENCES text (id),
    service         INTEGER NOT NULL REFERENCES service (id),
    source          INTEGER NOT NULL,               -- caliper_proto::Source::number
    year            INTEGER NOT NULL,
    days            BLOB    NOT NULL,               -- caliper_proto::Days::to_bytes
    total           INTEGER NOT NULL,
    first           INTEGER NOT NULL,
    last            INTEGER NOT NULL,
    PRIMARY KEY (server, principal, client, service, source, year)
) WITHOUT ROWID;

-- Enrolment.
CREATE TABLE token (
    id              TEXT    PRIMARY KEY,            -- public half
    secret_sha256   BLOB    NOT NULL,
    role            TEXT    NOT NULL CHECK (role IN ('agent', 'reader')),
    label           TEXT    NOT NULL,               -- site or purpose
    created         INTEGER NOT NULL,
    expires         INTEGER NOT NULL,
    uses_left       INTEGER NOT NULL,
    revoked         INTEGER                         -- when
);
CREATE TABLE agent (
    id              TEXT    PRIMARY KEY,            -- UUID in the certificate's subject
    role            TEXT    NOT NULL CHECK (role IN ('agent', 'reader')),
    token           TEXT    NOT NULL REFERENCES token (id),
    host_name       TEXT    NOT NULL,
    serial          TEXT    NOT NULL,               -- of the current certificate, hex
    enrolled        INTEGER NOT NULL,
    certificate_expires INTEGER NOT NULL,
    revoked         INTEGER,                        -- when
    last_seen       INTEGER,
    version         TEXT,
    queued_messages INTEGER NOT NULL DEFAULT 0,
    queued_bytes    INTEGER NOT NULL DEFAULT 0,
    dropped_messages INTEGER NOT NULL DEFAULT 0,
    collect_requested INTEGER                       -- when somebody asked it to collect and it was not told yet
);

-- Directory: accounts and computers, keyed by the directory's own unchanging identifier.
CREATE TABLE directory (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,        -- as in the configuration
    kind            TEXT    NOT NULL CHECK (kind IN ('active-directory', 'ldap')),
    base            TEXT    NOT NULL,
    netbios         TEXT    NOT NULL DEFAULT '',    -- short domain name, lower case
    dns             TEXT    NOT NULL DEFAULT '',    -- domain name, lower case
    synced          INTEGER,
    outcome         TEXT    NOT NULL DEFAULT ''     -- of the last attempt, in words
);
CREATE TABLE account (
    directory       INTEGER NOT NULL REFERENCES directory (id),
    guid            TEXT    NOT NULL,               -- objectGUID or entryUUID, lower case with hyphens; plain LDAP without one: the DN
    kind            TEXT    NOT NULL CHECK (kind IN ('user', 'service', 'computer')),
    sid             TEXT    NOT NULL DEFAULT '',
    sid_history     TEXT    NOT NULL DEFAULT '[]',  -- JSON array
    name            TEXT    NOT NULL,               -- sAMAccountName or uid
    upn             TEXT    NOT NULL DEFAULT '',
    mail            TEXT    NOT NULL DEFAULT '',
    employee        TEXT    NOT NULL DEFAULT '',    -- employeeID or employeeNumber
    display_name    TEXT    NOT NULL DEFAULT '',
    department      TEXT    NOT NULL DEFAULT '',
    dns_host_name   TEXT    NOT NULL DEFAULT '',    -- computers
    operating_system TEXT   NOT NULL DEFAULT '',    -- computers
    dn              TEXT    NOT NULL,
    enabled         INTEGER NOT NULL,
    external        INTEGER NOT NULL,               -- by organisational unit, group or UPN suffix
    administrator   INTEGER NOT NULL,
    gone            INTEGER,                        -- when a synchronisation first missed it
    PRIMARY KEY (directory, guid)
);
CREATE INDEX account_sid ON account (sid);

-- Scans are kept for ever.
CREATE TABLE scan (
    id              INTEGER PRIMARY KEY,
    started         INTEGER NOT NULL,
    finished        INTEGER,
    trigger         TEXT    NOT NULL,               -- 'hand', 'schedule: NAME', 'api'
    state           TEXT    NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    failure         TEXT    NOT NULL DEFAULT '',
    estate          TEXT    NOT NULL DEFAULT '',    -- caliper_licensing::Estate as JSON
    estate_sha256   TEXT    NOT NULL DEFAULT '',
    position        TEXT    NOT NULL DEFAULT '',    -- caliper_licensing::Position as JSON, caliper.position/1
    people          INTEGER NOT NULL DEFAULT 0,
    devices         INTEGER NOT NULL DEFAULT 0,
    servers         INTEGER NOT NULL DEFAULT 0,
    cost_minor      INTEGER NOT NULL DEFAULT 0
);
-- What a scan said of each person, device and server, for the lists.
CREATE TABLE scan_person (
    scan            INTEGER NOT NULL REFERENCES scan (id),
    person          TEXT    NOT NULL,               -- id inside the estate
    name            TEXT    NOT NULL,               -- display name
    accounts        TEXT    NOT NULL,               -- JSON array of principals joined into this person
    department      TEXT    NOT NULL,
    external        INTEGER NOT NULL,
    licence         TEXT    NOT NULL,               -- 'user-cal', 'devices', 'exempt', 'none'
    version         TEXT    NOT NULL,               -- CAL version needed; '' if none
    why             TEXT    NOT NULL,               -- one sentence with the rule id
    confidence      TEXT    NOT NULL,               -- of the match
    devices         INTEGER NOT NULL,
    servers         INTEGER NOT NULL,
    first_seen      INTEGER,
    last_seen       INTEGER,
    PRIMARY KEY (scan, person)
) WITHOUT ROWID;
CREATE TABLE scan_device (
    scan            INTEGER NOT NULL REFERENCES scan (id),
    device          TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    addresses       TEXT    NOT NULL,               -- JSON array
    kind            TEXT    NOT NULL,               -- 'computer', 'address', 'server'
    licence         TEXT    NOT NULL,               -- 'device-cal', 'people', 'exempt', 'none'
    version         TEXT    NOT NULL,
    why             TEXT    NOT NULL,
    confidence      TEXT    NOT NULL,
    people          INTEGER NOT NULL,
    servers         INTEGER NOT NULL,
    first_seen      INTEGER,
    last_seen       INTEGER,
    PRIMARY KEY (scan, device)
) WITHOUT ROWID;
CREATE TABLE schedule (
    name            TEXT    PRIMARY KEY,            -- as in the configuration
    last_due        INTEGER                         -- the latest due time that was run
);

-- People who may sign in to the pages.
CREATE TABLE login (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    role            TEXT    NOT NULL CHECK (role IN ('viewer', 'analyst', 'operator', 'administrator')),
    password        TEXT    NOT NULL,               -- argon2id, PHC string
    created         INTEGER NOT NULL,
    disabled        INTEGER
);
CREATE TABLE session (
    token_sha256    BLOB    PRIMARY KEY,
    login           INTEGER NOT NULL REFERENCES login (id),
    csrf            TEXT    NOT NULL,
    created         INTEGER NOT NULL,
    expires         INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE invitation (                            -- one-time links
    token_sha256    BLOB    PRIMARY KEY,
    role            TEXT    NOT NULL,
    expires         INTEGER NOT NULL,
    used            INTEGER
) WITHOUT ROWID;
CREATE TABLE audit (
    id              INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    who             TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    subject         TEXT    NOT NULL
);
