-- What administrators call servers to find them again, as their agents say at each greeting.
ALTER TABLE agent ADD COLUMN site TEXT NOT NULL DEFAULT '';     -- empty: not said
ALTER TABLE agent ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';   -- JSON array of texts
