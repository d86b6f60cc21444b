/* Reading what is deployed, and the decision log. */
#include <stdio.h>
#include <string.h>

#include "db/rows.h"
#include "db/store_internal.h"

/* ---- revisions ---- */

static void row_record(sqlite3_stmt *row, struct policy_record *out)
{
    memset(out, 0, offsetof(struct policy_record, source));
    read_text(row, 0, out->name, sizeof(out->name));
    out->revision = sqlite3_column_int(row, 1);
    if (sqlite3_column_bytes(row, 2) == (int)sizeof(out->sha256))
        memcpy(out->sha256, sqlite3_column_blob(row, 2), sizeof(out->sha256));
    read_text(row, 3, out->source, sizeof(out->source));
    read_text(row, 4, out->spec, sizeof(out->spec));
    read_text(row, 5, out->settings, sizeof(out->settings));
    out->has_order = sqlite3_column_type(row, 6) != SQLITE_NULL;
    out->order = sqlite3_column_int(row, 6);
    out->rights = (unsigned)sqlite3_column_int(row, 7);
    out->fail = (enum policy_fail)sqlite3_column_int(row, 8);
    read_text(row, 9, out->author, sizeof(out->author));
    read_text(row, 10, out->message, sizeof(out->message));
    out->created_at_ms = sqlite3_column_int64(row, 11);
    out->proven_at_ms = sqlite3_column_int64(row, 12);
    out->quarantined_at_ms = sqlite3_column_int64(row, 13);
}

/* Step through the rows; fill is called for each of at most max. *count says how many there were, one beyond max at most. */
static enum ost_status each_row(struct connection *connection, sqlite3_stmt *row, size_t max, size_t *count,
                                void (*fill)(sqlite3_stmt *row, void *out, size_t at), void *out)
{
    int code = sqlite3_step(row);

    for (*count = 0; code == SQLITE_ROW; code = sqlite3_step(row)) {
        if (*count < max)
            fill(row, out, *count);
        (*count)++;
    }
    sqlite3_reset(row);
    return code == SQLITE_DONE ? OST_OK : connection_fault(connection, code, "cannot read what is deployed");
}

static enum ost_status find_record(struct connection *connection, const char *name, int revision, struct policy_record *out)
{
    sqlite3_stmt *row = connection_statement(connection, revision > 0 ? SQL_RECORD_FIND : SQL_RECORD_NEWEST);
    int code;

    bind_text(row, 1, name);
    if (revision > 0)
        bind_integer(row, 2, revision);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        row_record(row, out);
    sqlite3_reset(row);
    if (code == SQLITE_ROW)
        return OST_OK;
    return code == SQLITE_DONE ? OST_NOT_FOUND : connection_fault(connection, code, "cannot read a policy");
}

static enum ost_status find_digest(struct connection *connection, const char *name, const unsigned char sha256[32], int *revision)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_RECORD_DIGEST);
    int code;

    bind_text(row, 1, name);
    sqlite3_bind_blob(row, 2, sha256, 32, SQLITE_STATIC);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *revision = sqlite3_column_int(row, 0);
    sqlite3_reset(row);
    if (code == SQLITE_ROW)
        return OST_OK;
    return code == SQLITE_DONE ? OST_NOT_FOUND : connection_fault(connection, code, "cannot read a policy");
}

static void fill_record(sqlite3_stmt *row, void *out, size_t at)
{
    row_record(row, (struct policy_record *)out + at);
}

static enum ost_status list_records(struct connection *connection, const char *name, int before, size_t limit, struct policy_record *out,
                                    size_t *count)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_RECORD_LIST);

    bind_text(row, 1, name);
    bind_integer(row, 2, before);
    bind_integer(row, 3, (int64_t)limit);
    return each_row(connection, row, limit, count, fill_record, out);
}

/* ---- deployments and their history ---- */

static void fill_deployment(sqlite3_stmt *row, void *out, size_t at)
{
    struct policy_deployment *deployment = (struct policy_deployment *)out + at;

    memset(deployment, 0, sizeof(*deployment));
    read_text(row, 0, deployment->name, sizeof(deployment->name));
    deployment->live = sqlite3_column_int(row, 1);
    deployment->shadow = sqlite3_column_int(row, 2);
    deployment->from_folder = sqlite3_column_int(row, 3) != 0;
    deployment->activated_at_ms = sqlite3_column_int64(row, 4);
}

static enum ost_status list_deployment_rows(struct connection *connection, struct policy_deployment *out, size_t max, size_t *count)
{
    sqlite3_stmt *row = connection_statement(connection, SQL_DEPLOYMENT_LIST);

    bind_integer(row, 1, (int64_t)max + 1);
    return each_row(connection, row, max, count, fill_deployment, out);
}

struct history_page {
    struct policy_activation *lines;
    int64_t keys_last;
};

static void fill_activation(sqlite3_stmt *row, void *out, size_t at)
{
    struct history_page *page = out;
    struct policy_activation *line = &page->lines[at];

    memset(line, 0, sizeof(*line));
    page->keys_last = sqlite3_column_int64(row, 0);
    read_text(row, 1, line->name, sizeof(line->name));
    line->revision = sqlite3_column_int(row, 2);
    line->previous = sqlite3_column_int(row, 3);
    line->mode = (enum policy_mode)sqlite3_column_int(row, 4);
    line->result = (enum policy_result)sqlite3_column_int(row, 5);
    read_text(row, 6, line->actor, sizeof(line->actor));
    read_text(row, 7, line->message, sizeof(line->message));
    line->at_ms = sqlite3_column_int64(row, 8);
}

static enum ost_status list_history(struct connection *connection, const char *name, store_cursor from, size_t limit,
                                    struct policy_activation *out, size_t *count, store_cursor *next)
{
    struct history_page page = {.lines = out};
    sqlite3_stmt *row = connection_statement(connection, SQL_ACTIVATION_LIST);
    enum ost_status status;

    bind_integer(row, 1, from);
    bind_integer(row, 2, (int64_t)limit + 1);
    sqlite3_bind_null(row, 3);
    if (name)
        bind_text(row, 3, name);
    status = each_row(connection, row, limit, count, fill_activation, &page);
    *next = *count > limit ? page.keys_last : 0;
    if (*count > limit)
        *count = limit;
    return status;
}

/* ---- decisions ---- */

struct decision_page {
    struct stored_decision *decisions;
    int64_t last;
};

static void fill_decision(sqlite3_stmt *row, void *out, size_t at)
{
    struct decision_page *page = out;

    row_decision(row, &page->decisions[at]);
    page->last = sqlite3_column_int64(row, 0);
}

/* The first key of a millisecond; 0 and below: the first of all. */
static int64_t first_key(int64_t wall_ms)
{
    return wall_ms > 0 ? (int64_t)((uint64_t)wall_ms << 12) : 0;
}

static enum ost_status list_decision_rows(struct connection *connection, const struct decision_filter *filter, store_cursor from,
                                          size_t limit, struct stored_decision *out, size_t *count, store_cursor *next)
{
    sqlite3_stmt *row = connection_statement(connection, filter->oldest_first ? SQL_DECISION_LIST_OLDEST : SQL_DECISION_LIST);
    int64_t since = first_key(filter->since_ms), until = filter->until_ms > 0 ? first_key(filter->until_ms) : INT64_MAX;
    struct decision_page page = {.decisions = out};
    char named[SLUG_BYTES + 4];
    enum ost_status status;

    if (filter->oldest_first) {
        bind_integer(row, 1, from > since - 1 ? from : since - 1);
        bind_integer(row, 2, until);
    } else {
        bind_integer(row, 1, from < until ? from : until);
        bind_integer(row, 2, since);
    }
    sqlite3_bind_null(row, 3);
    if (filter->policy) {
        snprintf(named, sizeof(named), "\"%.63s\":", filter->policy);
        sqlite3_bind_text(row, 3, named, -1, SQLITE_STATIC);
    }
    bind_integer(row, 4, filter->has_trigger ? (int64_t)filter->trigger : -1);
    bind_integer(row, 5, filter->has_outcome ? (int64_t)filter->outcome : -1);
    bind_integer(row, 6, (int64_t)limit + 1);
    status = each_row(connection, row, limit, count, fill_decision, &page);
    *next = *count > limit ? page.last : 0;
    if (*count > limit)
        *count = limit;
    return status;
}

static enum ost_status count_rows(struct connection *connection, uint64_t *count)
{
    int64_t rows = 0;
    int code = row_number(connection_statement(connection, SQL_DECISION_COUNT), &rows);

    *count = (uint64_t)rows;
    return code == SQLITE_DONE ? OST_OK : connection_fault(connection, code, "cannot count the decisions");
}

/* ---- the port ---- */

#define READ_LIST(base, call)                                                         \
    do {                                                                              \
        struct reader *reader = reader_take_for_list((struct sqlite_store *)(base));  \
        enum ost_status status;                                                       \
                                                                                      \
        if (!reader)                                                                  \
            return OST_IO;                                                            \
        status = (call);                                                              \
        reader_put(reader);                                                           \
        return status;                                                                \
    } while (0)

static enum ost_status find_policy(struct store *base, const char *name, int revision, struct policy_record *out)
{
    READ_LIST(base, find_record(&reader->connection, name, revision, out));
}

static enum ost_status find_policy_digest(struct store *base, const char *name, const unsigned char sha256[32], int *revision)
{
    READ_LIST(base, find_digest(&reader->connection, name, sha256, revision));
}

static enum ost_status list_policy_revisions(struct store *base, const char *name, int before, size_t limit, struct policy_record *out,
                                             size_t *count)
{
    READ_LIST(base, list_records(&reader->connection, name, before, limit, out, count));
}

static enum ost_status list_deployments(struct store *base, struct policy_deployment *out, size_t max, size_t *count)
{
    READ_LIST(base, list_deployment_rows(&reader->connection, out, max, count));
}

static enum ost_status list_activations(struct store *base, const char *name, store_cursor from, size_t limit,
                                        struct policy_activation *out, size_t *count, store_cursor *next)
{
    READ_LIST(base, list_history(&reader->connection, name, from, limit, out, count, next));
}

static enum ost_status list_decisions(struct store *base, const struct decision_filter *filter, store_cursor from, size_t limit,
                                      struct stored_decision *out, size_t *count, store_cursor *next)
{
    READ_LIST(base, list_decision_rows(&reader->connection, filter, from, limit, out, count, next));
}

static enum ost_status count_decisions(struct store *base, uint64_t *count)
{
    READ_LIST(base, count_rows(&reader->connection, count));
}

void policies_fill_ops(struct store_ops *ops)
{
    ops->find_policy = find_policy;
    ops->find_policy_digest = find_policy_digest;
    ops->list_policy_revisions = list_policy_revisions;
    ops->list_deployments = list_deployments;
    ops->list_activations = list_activations;
    ops->list_decisions = list_decisions;
    ops->count_decisions = count_decisions;
}
