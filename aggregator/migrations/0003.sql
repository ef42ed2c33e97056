-- So that only what has changed in a directory is asked for.
ALTER TABLE directory ADD COLUMN mark TEXT NOT NULL DEFAULT '';                 -- JSON, up to where it was read; empty: read it whole
ALTER TABLE account ADD COLUMN expires INTEGER;                                 -- when it will not be enabled any more
ALTER TABLE account ADD COLUMN own_external INTEGER NOT NULL DEFAULT 0;         -- external without any group
ALTER TABLE account ADD COLUMN own_administrator INTEGER NOT NULL DEFAULT 0;    -- administrator without any group
