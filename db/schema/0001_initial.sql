-- Ids are UUIDv7: `key` is their time-ordered first part (an integer, unique on a device), `tail` their random rest.
-- Times are milliseconds since the epoch. 0 or NULL in a time or reference: not there.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('epoch', randomblob(16)), ('plate_key', randomblob(32));

-- Commits that left no event; with the outbox's sequence it tells after a fault of the disk which commit was the last.
CREATE TABLE progress (
  only   INTEGER PRIMARY KEY CHECK (only = 1),
  groups INTEGER NOT NULL
) STRICT;

INSERT INTO progress VALUES (1, 0);

-- Counters are kept in the transaction that moves them, so that a start-up reads a row and not a table.
CREATE TABLE garage (
  number        INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  state         INTEGER NOT NULL DEFAULT 0,
  occupied      INTEGER NOT NULL DEFAULT 0 CHECK (occupied >= 0),
  corrected_by  INTEGER NOT NULL DEFAULT 0, -- occupied less the sessions that run: what staff corrected
  season_inside INTEGER NOT NULL DEFAULT 0 CHECK (season_inside >= 0)
) STRICT;

CREATE TABLE partner (
  number INTEGER PRIMARY KEY,
  id     TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE active_session (
  key                INTEGER PRIMARY KEY,
  tail               INTEGER NOT NULL,
  garage             INTEGER NOT NULL,
  partner            INTEGER NOT NULL,
  user               TEXT NOT NULL,
  plate              TEXT NOT NULL,
  kind               INTEGER NOT NULL,
  claim              INTEGER NOT NULL,
  started_at         INTEGER NOT NULL,
  leave_by           INTEGER NOT NULL,
  entry_door         TEXT NOT NULL,
  entry_command      INTEGER NOT NULL,
  entry_command_tail INTEGER NOT NULL,
  decision           INTEGER NOT NULL,
  decision_tail      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX active_by_user ON active_session (partner, user);
CREATE UNIQUE INDEX active_by_plate ON active_session (garage, plate);

CREATE TABLE past_session (
  key                INTEGER PRIMARY KEY,
  tail               INTEGER NOT NULL,
  garage             INTEGER NOT NULL,
  partner            INTEGER NOT NULL,
  user               TEXT NOT NULL,
  plate              TEXT NOT NULL,
  kind               INTEGER NOT NULL,
  claim              INTEGER NOT NULL,
  started_at         INTEGER NOT NULL,
  leave_by           INTEGER NOT NULL,
  entry_door         TEXT NOT NULL,
  entry_command      INTEGER NOT NULL,
  entry_command_tail INTEGER NOT NULL,
  decision           INTEGER NOT NULL,
  decision_tail      INTEGER NOT NULL,
  ended_at           INTEGER NOT NULL,
  end_reason         INTEGER NOT NULL,
  exit_door          TEXT NOT NULL,
  exit_command       INTEGER NOT NULL,
  exit_command_tail  INTEGER NOT NULL,
  stop_decision      INTEGER NOT NULL,
  stop_decision_tail INTEGER NOT NULL,
  price              TEXT,
  price_pending      INTEGER NOT NULL
) STRICT;
CREATE INDEX past_by_user ON past_session (partner, user);
CREATE INDEX past_by_plate ON past_session (garage, plate);

CREATE TABLE pending_price (
  session INTEGER PRIMARY KEY,
  tail    INTEGER NOT NULL,
  garage  INTEGER NOT NULL,
  inputs  TEXT NOT NULL
) STRICT;

CREATE TABLE decision (
  key       INTEGER PRIMARY KEY,
  tail      INTEGER NOT NULL,
  trigger   INTEGER NOT NULL,
  outcome   INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  cpu_ns    INTEGER NOT NULL,
  revisions TEXT,
  reasons   TEXT
) STRICT;

CREATE TABLE door_command (
  key            INTEGER PRIMARY KEY,
  tail           INTEGER NOT NULL,
  garage         INTEGER NOT NULL,
  door           TEXT NOT NULL,
  cause          INTEGER NOT NULL,
  cause_key      INTEGER NOT NULL,
  cause_tail     INTEGER NOT NULL,
  explicit       INTEGER NOT NULL, -- asked for by itself, not implied by a start or stop
  partner        INTEGER NOT NULL,
  actor          TEXT NOT NULL,
  note           TEXT,
  degraded       INTEGER NOT NULL,
  requested_at   INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL,
  status         INTEGER NOT NULL,
  reason         TEXT,
  finished_at    INTEGER NOT NULL,
  relay_fired_at INTEGER NOT NULL,
  seen_open_at   INTEGER NOT NULL,
  traceparent    TEXT
) STRICT;
-- Small ones: what a restart has to finish, and what is counted against a session's openings.
CREATE INDEX command_unfinished ON door_command (key) WHERE status < 2;
CREATE INDEX command_explicit ON door_command (cause_key) WHERE explicit = 1;

-- A commanded opening is told by its command; the other columns are for what a sensor saw unasked.
CREATE TABLE door_ledger (
  key          INTEGER PRIMARY KEY,
  tail         INTEGER NOT NULL,
  command      INTEGER,
  garage       INTEGER,
  door         TEXT,
  cause        INTEGER,
  seen_open_at INTEGER
) STRICT;
CREATE UNIQUE INDEX ledger_by_command ON door_ledger (command) WHERE command IS NOT NULL;

CREATE TABLE outbox (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused, gap-free: a rollback takes it back
  key         INTEGER NOT NULL,
  tail        INTEGER NOT NULL,
  type        INTEGER NOT NULL,
  garage      INTEGER NOT NULL,
  subject     TEXT NOT NULL,
  at          INTEGER NOT NULL,
  clock       INTEGER NOT NULL,
  traceparent TEXT,
  data        TEXT NOT NULL
) STRICT;

CREATE TABLE answer (
  partner  INTEGER NOT NULL,
  key      TEXT NOT NULL,
  digest   BLOB NOT NULL,
  at       INTEGER NOT NULL,
  status   INTEGER NOT NULL,
  location TEXT NOT NULL,
  body     BLOB NOT NULL,
  PRIMARY KEY (partner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_by_age ON answer (at);

CREATE TABLE device_token (
  id         TEXT PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE,
  partner    TEXT NOT NULL,
  scopes     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE list_entry (
  list        TEXT NOT NULL,
  entry       TEXT NOT NULL,
  is_glob     INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  note        TEXT NOT NULL,
  PRIMARY KEY (list, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_by_entry ON list_entry (entry);
CREATE INDEX list_globs ON list_entry (is_glob) WHERE is_glob = 1;

CREATE TABLE maintenance (
  garage   TEXT NOT NULL,
  door     TEXT NOT NULL,
  until_at INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  PRIMARY KEY (garage, door)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  key     INTEGER PRIMARY KEY,
  tail    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason  TEXT NOT NULL
) STRICT;

CREATE TABLE policy_revision (
  name     TEXT NOT NULL,
  revision INTEGER NOT NULL,
  sha256   BLOB NOT NULL,
  first_at INTEGER NOT NULL,
  PRIMARY KEY (name, revision),
  UNIQUE (name, sha256)
) STRICT, WITHOUT ROWID;
