"""What the record holds, as SQLite spells it, and how an older record becomes one of today."""

from __future__ import annotations

SCHEMA = 3
"""Goes up when older versions could no longer read the file."""

TABLES = f"""
CREATE TABLE IF NOT EXISTS receipts (
    name TEXT PRIMARY KEY,      -- of a texture, within its library
    key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at TEXT NOT NULL,           -- when it ended, UTC
    receipt TEXT NOT NULL       -- as JSON
);
CREATE TABLE IF NOT EXISTS failures (  -- beside the receipt of what went well before, which still stands for its file
    name TEXT PRIMARY KEY,
    receipt TEXT NOT NULL,
    job BLOB NOT NULL           -- empty for what could not be planned
);
CREATE TABLE IF NOT EXISTS jobs (name TEXT PRIMARY KEY, job BLOB NOT NULL);  -- the job of that receipt, squeezed JSON
CREATE TABLE IF NOT EXISTS outputs (
    path TEXT PRIMARY KEY,      -- within the output folder, with forward slashes
    name TEXT NOT NULL,         -- of the job that wrote it
    key TEXT NOT NULL,          -- of that job
    source_hash TEXT NOT NULL,  -- of what that job read
    hash TEXT NOT NULL,         -- of the file as it was recorded
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL      -- nanoseconds
);
CREATE INDEX IF NOT EXISTS outputs_by_name ON outputs (name);
CREATE TABLE IF NOT EXISTS intents (
    path TEXT PRIMARY KEY,      -- within the output folder: where a finished file is about to be put
    name TEXT NOT NULL,
    source_hash TEXT NOT NULL,
    hash TEXT NOT NULL,         -- of the finished file
    receipt TEXT NOT NULL,      -- what to record once it stands there; empty for a description
    job BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS evidence (hash TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY,      -- of a source, absolute
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,     -- nanoseconds
    hash TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS headers (hash TEXT PRIMARY KEY, spec TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS folders (
    folder TEXT PRIMARY KEY,    -- within the library
    signature TEXT NOT NULL,    -- of all that its plan followed from
    textures INTEGER NOT NULL,
    skipped INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (started TEXT PRIMARY KEY, summary TEXT NOT NULL);
PRAGMA user_version = {SCHEMA};
"""

FROM_2 = """
ALTER TABLE receipts RENAME TO old_receipts;
ALTER TABLE outputs RENAME TO old_outputs;
"""
"""Makes room for the tables of today in a record of the versions 1 and 2."""

OVER_FROM_2 = """
INSERT INTO receipts SELECT name, coalesce(json_extract(receipt, '$.key'), ''),
    coalesce(json_extract(receipt, '$.outcome'), ''), '', receipt FROM old_receipts
    WHERE json_valid(receipt) AND json_extract(receipt, '$.outcome') != 'failed';
INSERT INTO outputs SELECT path, name, key, source_hash, hash, size, mtime FROM old_outputs WHERE hash != '';
DROP TABLE old_receipts;
DROP TABLE old_outputs;
"""
"""Takes over what those say. What a killed run was about to write then is not known by its content, and is left."""
