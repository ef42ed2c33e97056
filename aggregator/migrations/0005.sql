-- Members of groups that count who are no accounts of the group's directory: of a trusted domain by SID, of one in the forest by DN.
CREATE TABLE stranger (
    directory       INTEGER NOT NULL REFERENCES directory (id),     -- the group's
    who             TEXT    NOT NULL,                               -- SID in lower case or DN in normal form
    external        INTEGER NOT NULL,
    administrator   INTEGER NOT NULL,
    PRIMARY KEY (directory, who)
) WITHOUT ROWID;
