/* Reads: each a walk over a table under the store's lock. */
#include <stdio.h>
#include <string.h>

#include "runtime/core/plate.h"
#include "tests/support/memory_store_internal.h"

/* ---- also for changes: under the lock already ---- */

static const struct session *find_running(const struct memory_store *store,
                                          bool (*matches)(const struct session *session, const char *a, const char *b),
                                          const char *a, const char *b)
{
    const struct memory_table *table = &store->tables[SESSIONS];

    for (size_t at = 0; at < table->count; at++) {
        const struct session *session = table_row(table, at);

        if (session->status == SESSION_ACTIVE && matches(session, a, b))
            return session;
    }
    return NULL;
}

static bool is_of_user(const struct session *session, const char *partner_id, const char *user_id)
{
    return strcmp(session->partner_id, partner_id) == 0 && strcmp(session->user_id, user_id) == 0;
}

static bool is_of_plate(const struct session *session, const char *garage_id, const char *plate)
{
    return strcmp(session->garage_id, garage_id) == 0 && strcmp(session->plate, plate) == 0;
}

const struct session *memory_find_by_user(const struct memory_store *store, const char *partner_id, const char *user_id)
{
    return find_running(store, is_of_user, partner_id, user_id);
}

const struct session *memory_find_by_plate(const struct memory_store *store, const char *garage_id, const char *plate)
{
    return find_running(store, is_of_plate, garage_id, plate);
}

struct stored_answer *memory_find_answer(const struct memory_store *store, const char *partner_id, const char *key)
{
    const struct memory_table *table = &store->tables[ANSWERS];

    for (size_t at = 0; at < table->count; at++) {
        struct stored_answer *answer = table_row(table, at);

        if (strcmp(answer->partner_id, partner_id) == 0 && strcmp(answer->key, key) == 0)
            return answer;
    }
    return NULL;
}

struct opening_count memory_count_openings(const struct memory_store *store, struct uuid session_id,
                                           const char *door_id, int64_t since_ms, struct uuid except)
{
    const struct memory_table *table = &store->tables[COMMANDS];
    struct opening_count count = {.openings = 0};

    for (size_t at = 0; at < table->count; at++) {
        const struct door_command *command = table_row(table, at);

        if (!uuid_equal(command->cause_id, session_id) || strcmp(command->door_id, door_id) != 0)
            continue;
        count.openings += command->requested_at_ms >= since_ms && command->status != COMMAND_REFUSED &&
                          command->status != COMMAND_FAILED && !uuid_equal(command->id, except);
        count.has_opened |= command->status == COMMAND_OPENED || command->status == COMMAND_FIRED;
    }
    return count;
}

static void show_door(const struct memory_store *store, struct session_door *door)
{
    const struct door_command *command = table_find(&store->tables[COMMANDS], door->command_id);

    door->command_status = command ? command->status : COMMAND_QUEUED;
    snprintf(door->command_reason, sizeof(door->command_reason), "%s", command ? command->reason : "");
}

void memory_show_session(const struct memory_store *store, const struct session *row, struct session *out)
{
    *out = *row;
    show_door(store, &out->entry);
    show_door(store, &out->exit);
}

/* ---- one row ---- */

static struct memory_store *enter(struct store *base)
{
    struct memory_store *store = (struct memory_store *)base;

    pthread_mutex_lock(&store->lock);
    return store;
}

static enum ost_status leave(struct memory_store *store, bool found)
{
    pthread_mutex_unlock(&store->lock);
    return found ? OST_OK : OST_NOT_FOUND;
}

static enum ost_status leave_with_session(struct memory_store *store, const struct session *row, struct session *out)
{
    if (row)
        memory_show_session(store, row, out);
    return leave(store, row != NULL);
}

static enum ost_status find_session(struct store *base, struct uuid id, struct session *out)
{
    struct memory_store *store = enter(base);

    return leave_with_session(store, table_find(&store->tables[SESSIONS], id), out);
}

static enum ost_status find_running_by_id(struct store *base, struct uuid id, struct session *out)
{
    struct memory_store *store = enter(base);
    const struct session *row = table_find(&store->tables[SESSIONS], id);
    struct session found = {.status = SESSION_ACTIVE};

    if (!row || row->status != SESSION_ACTIVE)
        return leave(store, false);
    found.id = id;
    found.started_at_ms = uuid_order(id) >> 12;
    memcpy(found.garage_id, row->garage_id, sizeof(found.garage_id));
    memcpy(found.partner_id, row->partner_id, sizeof(found.partner_id));
    *out = found;
    return leave(store, true);
}

static enum ost_status find_active_by_user(struct store *base, const char *partner_id, const char *user_id,
                                           struct session *out)
{
    struct memory_store *store = enter(base);

    return leave_with_session(store, memory_find_by_user(store, partner_id, user_id), out);
}

static enum ost_status find_active_by_plate(struct store *base, const char *garage_id, const char *plate,
                                            struct session *out)
{
    struct memory_store *store = enter(base);

    return leave_with_session(store, memory_find_by_plate(store, garage_id, plate), out);
}

static enum ost_status find_decision(struct store *base, struct uuid id, struct stored_decision *out)
{
    struct memory_store *store = enter(base);
    const struct stored_decision *row = table_find(&store->tables[DECISIONS], id);

    if (row)
        memory_show_decision(store, row, out);
    return leave(store, row != NULL);
}

static enum ost_status find_command(struct store *base, struct uuid id, struct door_command *out)
{
    struct memory_store *store = enter(base);
    const struct door_command *row = table_find(&store->tables[COMMANDS], id);

    if (row)
        *out = *row;
    return leave(store, row != NULL);
}

static enum ost_status find_answer(struct store *base, const char *partner_id, const char *key,
                                   struct stored_answer *out)
{
    struct memory_store *store = enter(base);
    const struct stored_answer *row = memory_find_answer(store, partner_id, key);

    if (row)
        *out = *row;
    return leave(store, row != NULL);
}

static enum ost_status find_token(struct store *base, const unsigned char hash[TOKEN_HASH_BYTES],
                                  struct device_token *out)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[TOKENS];
    bool found = false;

    for (size_t at = 0; at < table->count && !found; at++) {
        const struct device_token *row = table_row(table, at);

        found = memcmp(row->hash, hash, TOKEN_HASH_BYTES) == 0;
        if (found)
            *out = *row;
    }
    return leave(store, found);
}

static enum ost_status count_openings(struct store *base, struct uuid session_id, const char *door_id,
                                      int64_t since_ms, struct opening_count *out)
{
    struct memory_store *store = enter(base);

    *out = memory_count_openings(store, session_id, door_id, since_ms, (struct uuid){0});
    return leave(store, true);
}

/* ---- pages, newest first ---- */

typedef void fill_row(const struct memory_store *store, const void *row, void *out, size_t at);

static enum ost_status page(struct store *base, enum memory_store_table which, row_filter *matches,
                            const void *context, store_cursor from, size_t limit, fill_row *fill, void *out,
                            size_t *count, store_cursor *next)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[which];
    const struct uuid *row = table_newest_before(table, from, matches, context);
    store_cursor last = from;
    size_t found = 0;

    while (row && found < limit) {
        fill(store, row, out, found++);
        last = uuid_order(*row);
        row = table_newest_before(table, last, matches, context);
    }
    *count = found;
    *next = row ? last : 0;
    return leave(store, true);
}

static bool passes(const char *wanted, const char *text)
{
    return !wanted || strcmp(wanted, text) == 0;
}

static bool session_passes(const void *row, const void *context)
{
    const struct session *session = row;
    const struct session_filter *filter = context;

    return (session->status == SESSION_ACTIVE ? filter->active : filter->ended) &&
           passes(filter->partner_id, session->partner_id) && passes(filter->user_id, session->user_id) &&
           passes(filter->garage_id, session->garage_id) && passes(filter->plate, session->plate);
}

static void fill_session(const struct memory_store *store, const void *row, void *out, size_t at)
{
    memory_show_session(store, row, (struct session *)out + at);
}

/* A commanded opening is told by its command as that is now. */
static void fill_opening(const struct memory_store *store, const void *row, void *out, size_t at)
{
    struct door_opening *opening = (struct door_opening *)out + at;
    const struct door_command *command;

    *opening = *(const struct door_opening *)row;
    command = table_find(&store->tables[COMMANDS], opening->command.id);
    if (command)
        opening->command = *command;
}

static void fill_audit(const struct memory_store *store, const void *row, void *out, size_t at)
{
    (void)store;
    ((struct audit_line *)out)[at] = *(const struct audit_line *)row;
}

static void fill_pending(const struct memory_store *store, const void *row, void *out, size_t at)
{
    (void)store;
    ((struct pending_price *)out)[at] = *(const struct pending_price *)row;
}

static enum ost_status list_sessions(struct store *base, const struct session_filter *filter, store_cursor from,
                                     size_t limit, struct session *out, size_t *count, store_cursor *next)
{
    return page(base, SESSIONS, session_passes, filter, from, limit, fill_session, out, count, next);
}

static enum ost_status first_command_since(struct store *base, int64_t since_ms, int64_t *made_at_ms)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[COMMANDS];
    int64_t first_ms = INT64_MAX;

    for (size_t at = 0; at < table->count; at++) {
        int64_t at_ms = uuid_order(((const struct door_command *)table_row(table, at))->id) >> 12;

        if (at_ms >= since_ms && at_ms < first_ms)
            first_ms = at_ms;
    }
    if (first_ms != INT64_MAX)
        *made_at_ms = first_ms;
    return leave(store, first_ms != INT64_MAX);
}

static enum ost_status list_openings(struct store *base, store_cursor from, size_t limit, struct door_opening *out,
                                     size_t *count, store_cursor *next)
{
    return page(base, OPENINGS, NULL, NULL, from, limit, fill_opening, out, count, next);
}

static enum ost_status list_audit(struct store *base, store_cursor from, size_t limit, struct audit_line *out,
                                  size_t *count, store_cursor *next)
{
    return page(base, AUDIT, NULL, NULL, from, limit, fill_audit, out, count, next);
}

static enum ost_status list_pending_prices(struct store *base, store_cursor from, size_t limit,
                                           struct pending_price *out, size_t *count, store_cursor *next)
{
    return page(base, PENDING, NULL, NULL, from, limit, fill_pending, out, count, next);
}

/* ---- other lists ---- */

/* The first entry of a list behind a text, in the order of bytes; NULL: there is none. */
static const struct list_entry *entry_after(const struct memory_table *table, const char *list, const char *after)
{
    const struct list_entry *first = NULL;

    for (size_t at = 0; at < table->count; at++) {
        const struct list_entry *row = table_row(table, at);

        if (strcmp(row->list, list) == 0 && strcmp(row->entry, after) > 0 &&
            (!first || strcmp(row->entry, first->entry) < 0))
            first = row;
    }
    return first;
}

static enum ost_status list_entries(struct store *base, const char *list, const char *after, size_t limit,
                                    struct list_entry *out, size_t *count)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[ENTRIES];
    const struct list_entry *row = entry_after(table, list, after);
    size_t found = 0;

    while (row && found < limit) {
        out[found++] = *row;
        row = entry_after(table, list, row->entry);
    }
    *count = found;
    return leave(store, true);
}

/* A whole table, the row that came last first. */
static enum ost_status copy_table(struct store *base, enum memory_store_table which, size_t limit, void *out,
                                  size_t *count)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[which];
    size_t copied = 0;

    while (copied < limit && copied < table->count) {
        memcpy((char *)out + copied * table->row_bytes, table_row(table, table->count - 1 - copied), table->row_bytes);
        copied++;
    }
    *count = copied;
    return leave(store, true);
}

static enum ost_status list_tokens(struct store *base, size_t limit, struct device_token *out, size_t *count)
{
    return copy_table(base, TOKENS, limit, out, count);
}

static int by_door(const struct maintenance_lock *a, const struct maintenance_lock *b)
{
    int order = strcmp(a->garage_id, b->garage_id);

    return order != 0 ? order : strcmp(a->door_id, b->door_id);
}

/* The first lock in force behind `after`. NULL: there is none. */
static const struct maintenance_lock *lock_after(const struct memory_table *table, int64_t now_ms,
                                                 const struct maintenance_lock *after)
{
    const struct maintenance_lock *first = NULL;

    for (size_t at = 0; at < table->count; at++) {
        const struct maintenance_lock *row = table_row(table, at);

        if (row->until_ms > now_ms && (!after || by_door(row, after) > 0) && (!first || by_door(row, first) < 0))
            first = row;
    }
    return first;
}

static enum ost_status list_maintenance(struct store *base, int64_t now_ms, const struct maintenance_lock *after,
                                        size_t limit, struct maintenance_lock *out, size_t *count)
{
    struct memory_store *store = enter(base);
    const struct memory_table *table = &store->tables[LOCKS];
    const struct maintenance_lock *row = lock_after(table, now_ms, after);
    size_t found = 0;

    while (row && found < limit) {
        out[found++] = *row;
        row = lock_after(table, now_ms, row);
    }
    *count = found;
    return leave(store, true);
}

/* ---- what policies want to know ---- */

static bool entry_means(const struct list_entry *entry, const char *plate, const char *user_id)
{
    if (strncmp(entry->entry, "user:", 5) == 0)
        return strcmp(entry->entry + 5, user_id) == 0;
    return strcmp(entry->entry, plate) == 0 || (plate_is_glob(entry->entry) && plate_matches(plate, entry->entry));
}

static bool makes_kind(const char *list)
{
    enum visit_kind kind;

    return visit_kind_parse(list, &kind) == OST_OK;
}

static void add_list(struct visit_facts *facts, const char *list)
{
    unsigned at = 0;

    for (unsigned i = 0; i < facts->list_count; i++) {
        if (strcmp(facts->lists[i], list) == 0)
            return;
    }
    if (facts->list_count < LISTS_PER_VISIT_MAX) {
        at = facts->list_count++;
    } else if (makes_kind(list)) { /* in the place of one that does not; they are fewer than places */
        while (makes_kind(facts->lists[at]))
            at++;
    } else {
        return;
    }
    snprintf(facts->lists[at], SLUG_BYTES, "%s", list);
}

/* A list that makes a kind counts even where a visit is on more lists than it can name. */
static enum visit_kind stronger_kind(enum visit_kind kind, const char *list)
{
    static const enum visit_kind strongest_first[] = {VISIT_STAFF, VISIT_SEASON, VISIT_BOOKING};

    for (size_t i = 0; i < sizeof(strongest_first) / sizeof(strongest_first[0]); i++) {
        if (kind == strongest_first[i] || strcmp(list, visit_kind_text(strongest_first[i])) == 0)
            return strongest_first[i];
    }
    return kind;
}

static void read_lists(const struct memory_store *store, const char *plate, const char *user_id, int64_t now_ms,
                       struct visit_facts *facts)
{
    const struct memory_table *table = &store->tables[ENTRIES];

    for (size_t at = 0; at < table->count; at++) {
        const struct list_entry *entry = table_row(table, at);

        facts->season_holders += strcmp(entry->list, visit_kind_text(VISIT_SEASON)) == 0;
        if ((entry->valid_until_ms != 0 && entry->valid_until_ms <= now_ms) || !entry_means(entry, plate, user_id))
            continue;
        add_list(facts, entry->list);
        facts->kind = stronger_kind(facts->kind, entry->list);
    }
}

static void read_visits(const struct memory_store *store, const char *garage_id, const char *plate,
                        int64_t today_from_ms, struct visit_facts *facts)
{
    const struct session_filter filter = {.garage_id = garage_id, .plate = plate, .active = true, .ended = true};
    const struct memory_table *table = &store->tables[SESSIONS];
    const struct session *visit = table_newest_before(table, INT64_MAX, session_passes, &filter);

    while (visit) {
        const struct door_command *exit = table_find(&store->tables[COMMANDS], visit->exit.command_id);

        facts->inside |= visit->status == SESSION_ACTIVE;
        facts->visits_today += visit->started_at_ms >= today_from_ms;
        if (facts->last_exit_ms == 0 && exit)
            facts->last_exit_ms = exit->relay_fired_at_ms;
        visit = table_newest_before(table, uuid_order(visit->id), session_passes, &filter);
    }
}

static enum ost_status read_facts(struct store *base, const char *garage_id, const char *plate, const char *user_id,
                                  int64_t today_from_ms, int64_t now_ms, struct visit_facts *out)
{
    struct memory_store *store = enter(base);

    *out = (struct visit_facts){.kind = VISIT_VISITOR};
    read_lists(store, plate, user_id, now_ms, out);
    read_visits(store, garage_id, plate, today_from_ms, out);
    return leave(store, true);
}

void memory_reads_fill_ops(struct store_ops *ops)
{
    ops->find_session = find_session;
    ops->find_running = find_running_by_id;
    ops->find_active_by_user = find_active_by_user;
    ops->find_active_by_plate = find_active_by_plate;
    ops->list_sessions = list_sessions;
    ops->read_facts = read_facts;
    ops->count_openings = count_openings;
    ops->find_decision = find_decision;
    ops->find_command = find_command;
    ops->find_answer = find_answer;
    ops->list_openings = list_openings;
    ops->list_audit = list_audit;
    ops->list_entries = list_entries;
    ops->find_token = find_token;
    ops->list_tokens = list_tokens;
    ops->first_command_since = first_command_since;
    ops->list_maintenance = list_maintenance;
    ops->list_pending_prices = list_pending_prices;
}
