#include "db/connection.h"

#define SESSION_KEYS "s.key, s.tail, g.id, p.id, s.user, s.plate, s.kind, s.claim, s.started_at, s.leave_by, "           \
                     "s.entry_door, s.entry_command, s.entry_command_tail, n.status, n.reason, s.decision, s.decision_tail"
#define PAST_KEYS "s.ended_at, s.end_reason, s.exit_door, s.exit_command, s.exit_command_tail, x.status, x.reason, "      \
                  "s.stop_decision, s.stop_decision_tail, s.price, s.price_pending"
#define FROM_ACTIVE                                                                                                       \
    " FROM active_session s JOIN garage g ON g.number = s.garage JOIN partner p ON p.number = s.partner"                  \
    " LEFT JOIN door_command n ON n.key = s.entry_command "
#define FROM_PAST                                                                                                         \
    " FROM past_session s JOIN garage g ON g.number = s.garage JOIN partner p ON p.number = s.partner"                    \
    " LEFT JOIN door_command n ON n.key = s.entry_command LEFT JOIN door_command x ON x.key = s.exit_command "
#define OF_USER "s.partner IN (SELECT number FROM partner WHERE ?2 IS NULL OR id = ?2) AND s.user = ?3 AND "
#define OF_PLATE "s.garage IN (SELECT number FROM garage WHERE ?4 IS NULL OR id = ?4) AND s.plate = ?5 AND "
#define THE_PARTNER "(SELECT number FROM partner WHERE id = ?2)"
#define FILTERS                                                                                                           \
    "s.key < ?1 AND (?2 IS NULL OR p.id = ?2) AND (?3 IS NULL OR s.user = ?3) AND (?4 IS NULL OR g.id = ?4) "             \
    "AND (?5 IS NULL OR s.plate = ?5) "
#define NEWEST_FIRST "ORDER BY s.key DESC LIMIT ?6"
#define COMMAND_COLUMNS                                                                                                   \
    "c.key, c.tail, g.id, c.door, c.cause, c.cause_key, c.cause_tail, p.id, c.actor, c.note, c.degraded, "                \
    "c.requested_at, c.expires_at, c.status, c.reason, c.finished_at, c.relay_fired_at, c.seen_open_at, c.traceparent, "             \
    "c.explicit"
/* Whose a decision is, its session says, wherever that is now; one that refused says it itself. */
#define DECISION_COLUMNS                                                                                                  \
    "d.key, d.tail, d.trigger, d.outcome, d.at, d.cpu_ns, d.traceparent, coalesce(c.revisions, d.revisions), d.reasons, "  \
    "p.id, coalesce(d.user, a.user, s.user), coalesce(d.plate, a.plate, s.plate), d.session, d.session_tail, c.garage, "   \
    "d.inputs, d.result FROM decision d LEFT JOIN decision_context c ON c.number = d.context "                            \
    "LEFT JOIN active_session a ON a.key = d.session AND a.tail = d.session_tail "                                        \
    "LEFT JOIN past_session s ON s.key = d.session AND s.tail = d.session_tail "                                          \
    "LEFT JOIN partner p ON p.number = coalesce(d.partner, a.partner, s.partner) "
#define DECISION_FILTERS                                                                                                  \
    "AND (?3 IS NULL OR instr(coalesce(c.revisions, d.revisions), ?3) > 0) AND (?4 < 0 OR d.trigger = ?4) "               \
    "AND (?5 < 0 OR d.outcome = ?5) "
#define RECORD_COLUMNS                                                                                                    \
    "name, revision, sha256, source, spec, settings, own_order, rights, fail, author, message, created_at, proven_at, "    \
    "quarantined_at FROM policy_record "
/* Those that count, without the command ?5; and all that went through. */
#define OPENING_COUNTS                                                                                                    \
    "count(*) FILTER (WHERE requested_at >= ?4 AND status NOT IN (6, 7) AND key <> ?5), "                                 \
    "count(*) FILTER (WHERE status IN (2, 3)) "

const char *const statement_texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SNAPSHOT] = "BEGIN",

    [SQL_GARAGE_PUT] = "INSERT INTO garage (id) VALUES (?1) ON CONFLICT DO NOTHING",
    [SQL_GARAGE_ALL] = "SELECT number, id, state, occupied, season_inside, corrected_by FROM garage",
    [SQL_GARAGE_SET] =
        "UPDATE garage SET state = ?2, occupied = ?3, season_inside = ?4, corrected_by = ?5 WHERE number = ?1",
    [SQL_PARTNER_PUT] = "INSERT INTO partner (id) VALUES (?1) ON CONFLICT DO NOTHING",
    [SQL_PARTNER_FIND] = "SELECT number FROM partner WHERE id = ?1",

    [SQL_SESSION_START] = "INSERT INTO active_session VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [SQL_SESSION_ACTIVE] = "SELECT tail, garage, partner, kind FROM active_session WHERE key = ?1",
    [SQL_SESSION_MOVE] = "INSERT INTO past_session SELECT key, tail, garage, partner, user, plate, kind, claim, started_at, "
                         "leave_by, entry_door, entry_command, entry_command_tail, decision, decision_tail, "
                         "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM active_session WHERE key = ?1",
    [SQL_SESSION_DELETE] = "DELETE FROM active_session WHERE key = ?1",
    [SQL_SESSION_BY_KEY] = "SELECT " SESSION_KEYS FROM_ACTIVE "WHERE s.key = ?1",
    [SQL_PAST_BY_KEY] = "SELECT " SESSION_KEYS ", " PAST_KEYS FROM_PAST "WHERE s.key = ?1",
    [SQL_ACTIVE_BY_USER] = "SELECT " SESSION_KEYS FROM_ACTIVE
                           "WHERE s.partner = (SELECT number FROM partner WHERE id = ?1) AND s.user = ?2",
    [SQL_ACTIVE_BY_PLATE] = "SELECT " SESSION_KEYS FROM_ACTIVE
                            "WHERE s.garage = (SELECT number FROM garage WHERE id = ?1) AND s.plate = ?2",
    [SQL_RUNNING_LOAD] = "SELECT s.key, s.tail, s.garage, p.id FROM active_session s JOIN partner p ON p.number = s.partner "
                         "WHERE s.key < ?1 ORDER BY s.key DESC LIMIT ?2",
    [SQL_PENDING_PUT] = "INSERT INTO pending_price VALUES (?1, ?2, ?3, ?4)",
    [SQL_PENDING_DELETE] = "DELETE FROM pending_price WHERE session = ?1",
    [SQL_PENDING_LIST] = "SELECT w.session, w.tail, g.id, w.inputs FROM pending_price w JOIN garage g ON g.number = w.garage "
                         "WHERE w.session < ?1 ORDER BY w.session DESC LIMIT ?2",
    [SQL_PRICE_SET] = "UPDATE past_session SET price = ?3, price_pending = 0 WHERE key = ?1 AND tail = ?2 AND price_pending = 1",

    [SQL_DECISION_PUT] = "INSERT INTO decision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
                         "?16, ?17) ON CONFLICT DO NOTHING",
    [SQL_DECISION_BY_KEY] = "SELECT " DECISION_COLUMNS "WHERE d.key = ?1",
    [SQL_DECISION_LIST] = "SELECT " DECISION_COLUMNS "WHERE d.key < ?1 AND d.key >= ?2 " DECISION_FILTERS "ORDER BY d.key DESC LIMIT ?6",
    [SQL_DECISION_LIST_OLDEST] = "SELECT " DECISION_COLUMNS "WHERE d.key > ?1 AND d.key < ?2 " DECISION_FILTERS "ORDER BY d.key LIMIT ?6",
    [SQL_DECISION_COUNT] = "SELECT count(*) FROM decision",
    [SQL_CONTEXT_PUT] = "INSERT INTO decision_context (garage, revisions) VALUES (?1, ?2)",
    [SQL_CONTEXT_FIND] = "SELECT number FROM decision_context WHERE garage = ?1 AND revisions = ?2",

    [SQL_COMMAND_PUT] = "INSERT INTO door_command VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
                        "?16, ?17, ?18, ?19, ?20) ON CONFLICT DO NOTHING",
    [SQL_COMMAND_FINISH] = "UPDATE door_command SET status = ?2, reason = ?3, finished_at = ?4, relay_fired_at = ?5, "
                           "seen_open_at = ?6 WHERE key = ?1 AND status < 2",
    [SQL_COMMAND_BY_KEY] = "SELECT " COMMAND_COLUMNS " FROM door_command c JOIN garage g ON g.number = c.garage "
                           "JOIN partner p ON p.number = c.partner WHERE c.key = ?1",
    [SQL_COMMAND_UNFINISHED] = "SELECT " COMMAND_COLUMNS " FROM door_command c JOIN garage g ON g.number = c.garage "
                               "JOIN partner p ON p.number = c.partner WHERE c.status < 2 ORDER BY c.key LIMIT ?1",
    [SQL_COMMAND_SINCE] = "SELECT key FROM door_command WHERE key >= ?1 ORDER BY key LIMIT 1",
    [SQL_OPENINGS_EXPLICIT] =
        "SELECT " OPENING_COUNTS "FROM door_command WHERE explicit = 1 AND cause_key = ?1 AND cause_tail = ?2 AND door = ?3",
    [SQL_OPENINGS_IMPLIED] =
        "SELECT " OPENING_COUNTS "FROM door_command WHERE door = ?3 AND key IN ("
        "SELECT entry_command FROM active_session WHERE key = ?1 AND tail = ?2 UNION ALL "
        "SELECT entry_command FROM past_session WHERE key = ?1 AND tail = ?2 UNION ALL "
        "SELECT exit_command FROM past_session WHERE key = ?1 AND tail = ?2)",

    [SQL_LEDGER_PUT] = "INSERT INTO door_ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    [SQL_LEDGER_LIST] =
        "SELECT l.key, l.tail, l.command, coalesce(g.id, h.id), coalesce(c.door, l.door), coalesce(c.cause, l.cause), "
        "c.tail, c.cause_key, c.cause_tail, p.id, c.actor, c.note, c.degraded, c.requested_at, c.expires_at, c.status, "
        "c.reason, c.finished_at, c.relay_fired_at, coalesce(c.seen_open_at, l.seen_open_at), c.traceparent FROM door_ledger l "
        "LEFT JOIN door_command c ON c.key = l.command LEFT JOIN garage g ON g.number = c.garage "
        "LEFT JOIN partner p ON p.number = c.partner LEFT JOIN garage h ON h.number = l.garage "
        "WHERE l.key < ?1 ORDER BY l.key DESC LIMIT ?2",

    [SQL_OUTBOX_PUT] = "INSERT INTO outbox (key, tail, type, garage, subject, at, clock, traceparent, data) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",

    [SQL_PROGRESS] = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) + groups FROM progress",
    [SQL_MARK] = "UPDATE progress SET groups = groups + 1",

    [SQL_ANSWER_FIND] = "SELECT a.digest, a.at, a.status, a.location, a.body FROM answer a JOIN partner p ON p.number = a.partner "
                        "WHERE p.id = ?1 AND a.key = ?2",
    [SQL_ANSWER_PUT] = "INSERT OR REPLACE INTO answer VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",

    [SQL_TOKEN_BY_HASH] = "SELECT id, hash, partner, scopes, created_at, expires_at, revoked_at FROM device_token WHERE hash = ?1",
    [SQL_TOKEN_ALL] = "SELECT id, hash, partner, scopes, created_at, expires_at, revoked_at FROM device_token ORDER BY hash",
    [SQL_TOKEN_PUT] = "INSERT INTO device_token VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
    [SQL_TOKEN_REVOKE] = "UPDATE device_token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at = 0",
    [SQL_TOKEN_LIST] = "SELECT id, hash, partner, scopes, created_at, expires_at, revoked_at FROM device_token "
                       "ORDER BY created_at DESC, id LIMIT ?1",

    [SQL_LIST_PUT] = "INSERT OR REPLACE INTO list_entry VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_LIST_REMOVE] = "DELETE FROM list_entry WHERE list = ?1 AND entry = ?2",
    [SQL_LIST_SHOW] = "SELECT list, entry, valid_until, note FROM list_entry WHERE list = ?1 AND entry > ?2 ORDER BY entry LIMIT ?3",
    [SQL_LISTS_OF] = "SELECT list FROM list_entry WHERE entry IN (?1, 'user:' || ?2) AND (valid_until = 0 OR valid_until > ?3)",
    [SQL_LISTS_GLOBS] = "SELECT list, entry FROM list_entry WHERE is_glob = 1 AND (valid_until = 0 OR valid_until > ?1)",
    [SQL_LIST_COUNT] = "SELECT count(*) FROM list_entry WHERE list = ?1",

    [SQL_MAINTENANCE_PUT] = "INSERT OR REPLACE INTO maintenance VALUES (?1, ?2, ?3, ?4)",
    [SQL_MAINTENANCE_DELETE] = "DELETE FROM maintenance WHERE garage = ?1 AND door = ?2",
    [SQL_MAINTENANCE_LIST] = "SELECT garage, door, until_at, reason FROM maintenance WHERE until_at > ?1 "
                             "AND (garage, door) > (?2, ?3) ORDER BY garage, door LIMIT ?4",

    [SQL_AUDIT_PUT] = "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    [SQL_AUDIT_LIST] = "SELECT key, tail, at, actor, action, subject, reason FROM audit WHERE key < ?1 ORDER BY key DESC LIMIT ?2",

    [SQL_FACTS_RUNNING] = "SELECT started_at FROM active_session WHERE garage = ?1 AND plate = ?2",
    [SQL_FACTS_TODAY_PAST] = "SELECT count(*) FROM past_session WHERE garage = ?1 AND plate = ?2 AND key >= ?4 AND started_at >= ?3",
    [SQL_FACTS_LAST_EXIT] =
        "SELECT c.relay_fired_at FROM past_session s JOIN door_command c ON c.key = s.exit_command "
        "WHERE s.garage = ?1 AND s.plate = ?2 AND c.relay_fired_at > 0 ORDER BY s.key DESC LIMIT 1",

    [SQL_RECORD_PUT] = "INSERT INTO policy_record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, 0)",
    [SQL_RECORD_FIND] = "SELECT " RECORD_COLUMNS "WHERE name = ?1 AND revision = ?2 AND source <> ''",
    [SQL_RECORD_NEWEST] = "SELECT " RECORD_COLUMNS "WHERE name = ?1 ORDER BY revision DESC LIMIT 1",
    [SQL_RECORD_DIGEST] = "SELECT revision FROM policy_record WHERE name = ?1 AND sha256 = ?2 AND source <> '' ORDER BY revision DESC LIMIT 1",
    [SQL_RECORD_LIST] = "SELECT " RECORD_COLUMNS "WHERE name = ?1 AND revision < ?2 AND source <> '' ORDER BY revision DESC LIMIT ?3",
    [SQL_RECORD_PROVEN] = "UPDATE policy_record SET proven_at = ?3 WHERE name = ?1 AND revision = ?2",
    [SQL_RECORD_QUARANTINED] = "UPDATE policy_record SET quarantined_at = ?3 WHERE name = ?1 AND revision = ?2",
    [SQL_DEPLOYMENT_PUT] = "INSERT OR REPLACE INTO policy_deployment VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_DEPLOYMENT_LIST] = "SELECT name, live, shadow, from_folder, activated_at FROM policy_deployment ORDER BY name LIMIT ?1",
    [SQL_ACTIVATION_PUT] = "INSERT INTO policy_activation (name, revision, previous, mode, result, actor, message, at) "
                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_ACTIVATION_LIST] = "SELECT key, name, revision, previous, mode, result, actor, message, at FROM policy_activation "
                            "WHERE key < ?1 AND (?3 IS NULL OR name = ?3) ORDER BY key DESC LIMIT ?2",

    [SQL_NEWEST] = "SELECT max(coalesce((SELECT max(key) FROM active_session), 0), coalesce((SELECT max(key) FROM past_session), 0), "
                   "coalesce((SELECT max(key) FROM decision), 0), coalesce((SELECT max(key) FROM door_command), 0), "
                   "coalesce((SELECT max(key) FROM door_ledger), 0), coalesce((SELECT max(key) FROM audit), 0), "
                   "coalesce((SELECT key FROM outbox ORDER BY seq DESC LIMIT 1), 0))",
    [SQL_META] = "SELECT value FROM meta WHERE name = ?1",

    [SQL_PRUNE_SESSIONS] = "DELETE FROM past_session WHERE key IN (SELECT key FROM past_session WHERE key < ?1 AND ended_at < ?2 "
                           "AND price_pending = 0 ORDER BY key LIMIT ?3)",
    [SQL_PRUNE_ANSWERS] = "DELETE FROM answer WHERE (partner, key) IN (SELECT partner, key FROM answer WHERE at < ?2 LIMIT ?3)",
    /* Only its oldest rows are looked at: it is in order of time, and has no index by it. */
    [SQL_PRUNE_OUTBOX] = "DELETE FROM outbox WHERE seq <= (SELECT max(seq) FROM (SELECT seq, at FROM outbox ORDER BY seq LIMIT ?3) "
                         "WHERE at < ?2) AND seq < (SELECT max(seq) FROM outbox)",
    [SQL_PRUNE_DECISIONS] = "DELETE FROM decision WHERE key IN (SELECT key FROM decision WHERE key < ?1 ORDER BY key LIMIT ?3)",
    /* The oldest of those beyond the newest ?2. */
    [SQL_PRUNE_EXCESS] = "DELETE FROM decision WHERE key IN (SELECT key FROM decision WHERE key <= (SELECT key FROM decision ORDER BY key "
                         "DESC LIMIT 1 OFFSET ?2) ORDER BY key LIMIT ?3)",
    [SQL_PRUNE_CONTEXTS] = "DELETE FROM decision_context WHERE number IN (SELECT number FROM decision_context c WHERE NOT EXISTS "
                           "(SELECT 1 FROM decision d WHERE d.context = c.number) AND number < (SELECT max(number) - 64 FROM "
                           "decision_context) ORDER BY number LIMIT ?3)",
    /* Beyond the newest 1,000 of each policy, and named by no deployment. */
    [SQL_PRUNE_RECORDS] = "DELETE FROM policy_record WHERE rowid IN (SELECT r.rowid FROM policy_record r WHERE r.revision <= (SELECT "
                          "max(revision) - 1000 FROM policy_record n WHERE n.name = r.name) AND NOT EXISTS (SELECT 1 FROM "
                          "policy_deployment d WHERE d.name = r.name AND r.revision IN (d.live, d.shadow)) LIMIT ?3)",
    [SQL_PRUNE_LEDGER] = "DELETE FROM door_ledger WHERE key IN (SELECT key FROM door_ledger WHERE key < ?1 ORDER BY key LIMIT ?3)",
    [SQL_PRUNE_COMMANDS] = "DELETE FROM door_command WHERE key IN (SELECT c.key FROM door_command c WHERE c.key < ?1 AND c.status > 1 "
                           "AND NOT EXISTS (SELECT 1 FROM door_ledger l WHERE l.command = c.key) ORDER BY c.key LIMIT ?3)",
    [SQL_PRUNE_LOCKS] = "DELETE FROM maintenance WHERE (garage, door) IN (SELECT garage, door FROM maintenance WHERE until_at < ?2 LIMIT ?3)",
    [SQL_PRUNE_AUDIT] = "DELETE FROM audit WHERE key IN (SELECT key FROM audit WHERE key < ?1 ORDER BY key LIMIT ?3)",

    /* Newest first; the index is the user's where one is named, else the plate's, else the partner's, else the key's own. */
    [SQL_LIST_ACTIVE] = "SELECT " SESSION_KEYS FROM_ACTIVE "WHERE " FILTERS NEWEST_FIRST,
    [SQL_LIST_ACTIVE_OF_USER] = "SELECT " SESSION_KEYS FROM_ACTIVE "WHERE " OF_USER FILTERS NEWEST_FIRST,
    [SQL_LIST_ACTIVE_OF_PLATE] = "SELECT " SESSION_KEYS FROM_ACTIVE "WHERE " OF_PLATE FILTERS NEWEST_FIRST,
    /* All that the partner has, put in order: for one that has few; see list_table(). */
    [SQL_LIST_ACTIVE_OF_PARTNER] = "SELECT " SESSION_KEYS FROM_ACTIVE "WHERE s.key IN (SELECT key FROM active_session INDEXED BY "
                                   "active_by_user WHERE partner = " THE_PARTNER ") AND " FILTERS NEWEST_FIRST,
    [SQL_ACTIVE_OF_PARTNER] = "SELECT count(*) FROM (SELECT 1 FROM active_session INDEXED BY active_by_user WHERE partner = "
                              "(SELECT number FROM partner WHERE id = ?1) LIMIT ?2)",
    [SQL_PAST_OF_PARTNER] = "SELECT count(*) FROM (SELECT 1 FROM past_session INDEXED BY past_by_user WHERE partner = "
                            "(SELECT number FROM partner WHERE id = ?1) LIMIT ?2)",
    [SQL_LIST_PAST] = "SELECT " SESSION_KEYS ", " PAST_KEYS FROM_PAST "WHERE " FILTERS NEWEST_FIRST,
    [SQL_LIST_PAST_OF_USER] = "SELECT " SESSION_KEYS ", " PAST_KEYS FROM_PAST "WHERE " OF_USER FILTERS NEWEST_FIRST,
    [SQL_LIST_PAST_OF_PARTNER] = "SELECT " SESSION_KEYS ", " PAST_KEYS FROM_PAST "WHERE s.key IN (SELECT key FROM past_session "
                                 "INDEXED BY past_by_user WHERE partner = " THE_PARTNER ") AND " FILTERS NEWEST_FIRST,
    [SQL_LIST_PAST_OF_PLATE] = "SELECT " SESSION_KEYS ", " PAST_KEYS FROM_PAST "WHERE " OF_PLATE FILTERS NEWEST_FIRST,
};
