-- Policies as they were deployed. A record is immutable but for its two marks; its number goes on from those that only counted.
CREATE TABLE policy_record (
  name           TEXT NOT NULL,
  revision       INTEGER NOT NULL,
  sha256         BLOB NOT NULL,
  source         TEXT NOT NULL, -- empty: it was only numbered
  spec           TEXT NOT NULL,
  settings       TEXT NOT NULL,
  own_order      INTEGER,       -- NULL: that which the source asks for
  rights         INTEGER NOT NULL,
  fail           INTEGER NOT NULL,
  author         TEXT NOT NULL,
  message        TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  proven_at      INTEGER NOT NULL,
  quarantined_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX policy_record_by_number ON policy_record (name, revision);
CREATE INDEX policy_record_by_digest ON policy_record (name, sha256);

INSERT INTO policy_record SELECT name, revision, sha256, '', '', '', NULL, 0, 0, '', '', first_at, 0, 0 FROM policy_revision;
DROP TABLE policy_revision;

CREATE TABLE policy_deployment (
  name         TEXT PRIMARY KEY,
  live         INTEGER NOT NULL,
  shadow       INTEGER NOT NULL,
  from_folder  INTEGER NOT NULL,
  activated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_activation (
  key      INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  revision INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  mode     INTEGER NOT NULL,
  result   INTEGER NOT NULL,
  actor    TEXT NOT NULL,
  message  TEXT NOT NULL,
  at       INTEGER NOT NULL
) STRICT;
CREATE INDEX activation_by_name ON policy_activation (name, key);

-- The inputs of decisions. What many decisions share - garage, who was asked - stands here once.
CREATE TABLE decision_context (
  number    INTEGER PRIMARY KEY,
  garage    TEXT NOT NULL,
  revisions TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX context_by_content ON decision_context (garage, revisions);

-- `session` says whose decision it is: plate and user are not in the inputs, and are erased with the session.
ALTER TABLE decision ADD COLUMN session INTEGER;
ALTER TABLE decision ADD COLUMN session_tail INTEGER;
ALTER TABLE decision ADD COLUMN context INTEGER;
ALTER TABLE decision ADD COLUMN inputs TEXT;
ALTER TABLE decision ADD COLUMN result TEXT;
CREATE INDEX decision_by_context ON decision (context) WHERE context IS NOT NULL;
