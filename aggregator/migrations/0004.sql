-- Who is who: what people decided about accounts, and what became of it.
ALTER TABLE account ADD COLUMN why TEXT NOT NULL DEFAULT '';            -- why it is a service account or external, as the directory tells
ALTER TABLE account ADD COLUMN created INTEGER;                         -- when it was made; NULL: unknown
-- What the last scan took each account for.
ALTER TABLE account ADD COLUMN class TEXT NOT NULL DEFAULT '';          -- identity::Class; empty: not decided yet
ALTER TABLE account ADD COLUMN class_why TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN person TEXT NOT NULL DEFAULT '';         -- id of the person; empty: nobody's
CREATE TABLE account_name (                                             -- names it had before, lower case
    directory       INTEGER NOT NULL,
    guid            TEXT    NOT NULL,
    name            TEXT    NOT NULL,                                   -- sAMAccountName or user principal name
    PRIMARY KEY (directory, guid, name)
) WITHOUT ROWID;
CREATE TABLE account_rule (                                             -- the first that fits decides
    id              INTEGER PRIMARY KEY,
    place           INTEGER NOT NULL,                                   -- order
    field           TEXT    NOT NULL,                                   -- identity::Field
    pattern         TEXT    NOT NULL,
    class           TEXT    NOT NULL,
    people          INTEGER,                                            -- of shared accounts
    made            INTEGER NOT NULL,
    made_by         TEXT    NOT NULL
);
CREATE TABLE account_decision (                                         -- one or two people, said by hand; the lesser of both accounts first
    directory       INTEGER NOT NULL,
    guid            TEXT    NOT NULL,
    other_directory INTEGER NOT NULL,
    other_guid      TEXT    NOT NULL,
    same            INTEGER NOT NULL,
    made            INTEGER NOT NULL,
    made_by         TEXT    NOT NULL,
    PRIMARY KEY (directory, guid, other_directory, other_guid)
) WITHOUT ROWID;
ALTER TABLE scan_person ADD COLUMN joins TEXT NOT NULL DEFAULT '[]';    -- JSON array of identity::Join
CREATE TABLE scan_gap (                                                 -- servers that a scan found not watched all the time
    scan            INTEGER NOT NULL REFERENCES scan (id),
    server          TEXT    NOT NULL,
    kind            TEXT    NOT NULL,                                   -- 'no-report', 'silent', 'part'
    version         TEXT    NOT NULL,                                   -- '' if unknown
    days            INTEGER NOT NULL,                                   -- of the window, with evidence
    last_seen       INTEGER,
    PRIMARY KEY (scan, server)
) WITHOUT ROWID;
