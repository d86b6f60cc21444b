/* Operators' calls: corrections of a garage, lists, faults, audit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/plate.h"
#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

#define STAFF_DEADLINE_MS 5000

static void audit(struct http_exchange *exchange, const char *action, const char *subject, const char *reason,
                  struct audit_line *line)
{
    struct http_api *api = api_of(exchange);

    line->at_ms = clock_wall_ms(api->clock);
    line->id = uuid_make(api->ids, line->at_ms);
    snprintf(line->actor, sizeof(line->actor), "%s", exchange_request(exchange)->caller->actor);
    snprintf(line->action, sizeof(line->action), "%s", action);
    snprintf(line->subject, sizeof(line->subject), "%s", subject);
    snprintf(line->reason, sizeof(line->reason), "%s", reason);
}

/* Commit and drop the change. True: stored; else answered. */
static bool commit(struct http_exchange *exchange, struct store_change *change, enum problem_code when_missing)
{
    struct http_api *api = api_of(exchange);
    enum ost_status status =
        api->store->ops->commit(api->store, change, clock_monotonic_ms(api->clock) + STAFF_DEADLINE_MS);
    bool done = status == OST_OK && change->result == STORE_DONE;

    if (status == OST_OK && !done)
        status = OST_NOT_FOUND;
    if (!done)
        respond_status(exchange, status, when_missing);
    store_change_release(change);
    return done;
}

/* A change of the garage that the path names. NULL: answered. */
static struct store_change *begin_garage_change(struct http_exchange *exchange, const char *action, const char *reason)
{
    const struct http_request *request = exchange_request(exchange);
    const struct garage *garage = site_find_garage(request->site, request->parameters[0]);
    struct store_change *change;
    char subject[160];

    if (!garage) {
        exchange_problem(exchange, PROBLEM_GARAGE_NOT_FOUND, NULL);
        return NULL;
    }
    change = store_change_create(STORE_GARAGE_STATE);
    if (!change) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        return NULL;
    }
    snprintf(change->u.garage.garage_id, sizeof(change->u.garage.garage_id), "%s", garage->id);
    snprintf(subject, sizeof(subject), "garage/%s", garage->id);
    audit(exchange, action, subject, reason, change->audit);
    return change;
}

void handle_garage_state(struct http_exchange *exchange)
{
    static const char *const members[] = {"state", "reason", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    enum garage_state state = GARAGE_OPEN;
    char reason[REASON_BYTES] = "";
    struct store_change *change;
    const char *text = NULL;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT) {
        validation_reason(&validation, json_root(document), "reason", reason, sizeof(reason));
        text = validation_text(&validation, json_root(document), "state", true);
        if (text && garage_state_parse(text, &state) != OST_OK)
            validation_fail(&validation, "/state", "must be open, closed or suspended");
    }
    json_free(document);
    if (respond_invalid(exchange, &validation) || !(change = begin_garage_change(exchange, "garage.state", reason)))
        return;
    change->u.garage.set_state = true;
    change->u.garage.state = state;
    if (commit(exchange, change, PROBLEM_GARAGE_NOT_FOUND))
        handle_garage_show(exchange);
}

void handle_occupancy(struct http_exchange *exchange)
{
    static const char *const members[] = {"occupied", "reason", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    char reason[REASON_BYTES] = "";
    struct store_change *change;
    int64_t occupied = 0;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT) {
        validation_reason(&validation, json_root(document), "reason", reason, sizeof(reason));
        occupied = validation_integer(&validation, json_root(document), "occupied", 0, UINT32_MAX);
    }
    json_free(document);
    if (respond_invalid(exchange, &validation) || !(change = begin_garage_change(exchange, "garage.occupancy", reason)))
        return;
    change->u.garage.set_occupied = true;
    change->u.garage.occupied = occupied;
    if (commit(exchange, change, PROBLEM_GARAGE_NOT_FOUND))
        handle_availability(exchange);
}

/* ---- lists ---- */

static void write_entry(struct json_writer *body, const struct list_entry *entry)
{
    json_begin_object(body);
    json_put_string(body, "plate", entry->entry);
    json_put_time(body, "validUntil", entry->valid_until_ms);
    json_put_string(body, "note", entry->note[0] ? entry->note : NULL);
    json_end_object(body);
}

static bool is_slug_or_404(struct http_exchange *exchange)
{
    if (slug_is_valid(exchange_request(exchange)->parameters[0]))
        return true;
    exchange_problem(exchange, PROBLEM_NOT_FOUND, "The name of a list is 1 to 63 small letters, digits and hyphens.");
    return false;
}

/* A list goes on by its entries' text, so its cursor is the last text in hexadecimal. */
static bool read_after(const char *cursor, char after[USER_ID_BYTES])
{
    size_t length = cursor ? strlen(cursor) : 0;

    after[0] = '\0';
    if ((cursor && length == 0) || length % 2 || length / 2 >= USER_ID_BYTES || (cursor && strspn(cursor, "0123456789abcdef") != length))
        return false;
    for (size_t i = 0; i < length; i += 2) {
        char digits[3] = {cursor[i], cursor[i + 1], '\0'};

        after[i / 2] = (char)strtol(digits, NULL, 16);
        after[i / 2 + 1] = '\0';
    }
    return true;
}

static void send_entries(struct http_exchange *exchange, const struct list_entry *entries, size_t count, bool more)
{
    char cursor[2 * USER_ID_BYTES + 1] = "";
    struct json_writer list;

    if (!respond_begin_list(exchange, &list))
        return;
    for (size_t i = 0; i < count; i++)
        write_entry(&list, &entries[i]);
    json_end_array(&list);
    for (size_t i = 0; more && entries[count - 1].entry[i]; i++)
        snprintf(cursor + 2 * i, 3, "%02x", (unsigned char)entries[count - 1].entry[i]);
    json_put_string(&list, "nextCursor", more ? cursor : NULL);
    json_end_object(&list);
    if (list.overflow)
        exchange_problem(exchange, PROBLEM_INTERNAL_ERROR, NULL);
    else
        exchange_send(exchange, 200, "application/json", list.bytes, list.length);
    free(list.bytes);
}

void handle_list_show(struct http_exchange *exchange)
{
    struct http_api *api = api_of(exchange);
    struct validation validation = {.count = 0};
    struct list_entry *entries;
    char after[USER_ID_BYTES];
    bool malformed = false;
    size_t limit;
    size_t count = 0;
    enum ost_status status;

    if (!is_slug_or_404(exchange))
        return;
    limit = respond_read_limit(exchange, &validation, &malformed);
    if (!read_after(exchange_query_value(exchange, "cursor", &malformed), after))
        validation_fail(&validation, "?cursor", "must be the nextCursor of an earlier answer");
    if (malformed)
        validation_fail(&validation, "?", "the query has a parameter twice, or a bad escape");
    if (respond_invalid(exchange, &validation))
        return;
    entries = calloc(limit + 1, sizeof(*entries));
    status = entries ? api->store->ops->list_entries(api->store, exchange_request(exchange)->parameters[0], after, limit + 1,
                                                     entries, &count)
                     : OST_BUSY;
    if (status != OST_OK)
        respond_status(exchange, status, PROBLEM_INTERNAL_ERROR);
    else
        send_entries(exchange, entries, count < limit ? count : limit, count > limit);
    free(entries);
}

/* The entry in the path: a plate (normalised), a glob, or "user:" and a user id. False: answered. */
static bool read_entry(struct http_exchange *exchange, char out[USER_ID_BYTES])
{
    const char *raw = exchange_request(exchange)->parameters[1];
    char text[USER_ID_BYTES];
    bool valid = exchange_percent_decode(raw, strlen(raw), false, text, sizeof(text));

    if (valid && strncmp(text, "user:", 5) == 0)
        valid = user_id_is_valid(text + 5);
    else if (valid && !plate_is_glob(text))
        valid = plate_normalise(text, text) == OST_OK;
    else
        valid = valid && strlen(text) < PLATE_BYTES && user_id_is_valid(text);
    if (!valid) {
        struct validation validation = {.count = 0};

        validation_fail(&validation, "", "the path must end in a plate, a plate glob, or user: and a user id");
        respond_invalid(exchange, &validation);
        return false;
    }
    snprintf(out, USER_ID_BYTES, "%s", text);
    return true;
}

static struct store_change *begin_list_change(struct http_exchange *exchange, const char *action)
{
    struct store_change *change;
    char subject[160];
    char entry[USER_ID_BYTES];

    if (!is_slug_or_404(exchange) || !read_entry(exchange, entry))
        return NULL;
    change = store_change_create(STORE_LIST_ENTRY);
    if (!change) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        return NULL;
    }
    snprintf(change->u.list.entry.list, sizeof(change->u.list.entry.list), "%s", exchange_request(exchange)->parameters[0]);
    snprintf(change->u.list.entry.entry, sizeof(change->u.list.entry.entry), "%s", entry);
    snprintf(subject, sizeof(subject), "list/%s", change->u.list.entry.list); /* the plate itself is personal */
    audit(exchange, action, subject, "", change->audit);
    return change;
}

void handle_list_put(struct http_exchange *exchange)
{
    static const char *const members[] = {"validUntil", "note", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    const char *until = NULL, *note = NULL;
    struct list_entry entry = {.valid_until_ms = 0};
    struct store_change *change;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT) {
        const struct json_value *member = json_member(json_root(document), "validUntil");

        if (member && json_kind(member) != JSON_IS_NULL)
            until = validation_text(&validation, json_root(document), "validUntil", false);
        if (until && clock_parse(until, &entry.valid_until_ms) != OST_OK)
            validation_fail(&validation, "/validUntil", "must be a time such as 2026-11-22T10:00:00Z");
        member = json_member(json_root(document), "note");
        if (member && json_kind(member) != JSON_IS_NULL)
            note = validation_text(&validation, json_root(document), "note", false);
        if (note && strlen(note) >= sizeof(entry.note))
            validation_fail(&validation, "/note", "must have at most 255 bytes");
        else if (note)
            snprintf(entry.note, sizeof(entry.note), "%s", note);
    }
    json_free(document);
    if (respond_invalid(exchange, &validation) || !(change = begin_list_change(exchange, "list.put")))
        return;
    change->u.list.entry.valid_until_ms = entry.valid_until_ms;
    memcpy(change->u.list.entry.note, entry.note, sizeof(entry.note));
    entry = change->u.list.entry;
    if (!commit(exchange, change, PROBLEM_NOT_FOUND))
        return;
    write_entry(exchange_body(exchange), &entry);
    exchange_send_json(exchange, 200);
}

void handle_list_remove(struct http_exchange *exchange)
{
    struct store_change *change = begin_list_change(exchange, "list.remove");

    if (!change)
        return;
    change->u.list.remove = true;
    if (commit(exchange, change, PROBLEM_NOT_FOUND))
        exchange_send_empty(exchange, 204);
}

/* ---- faults, audit ---- */

void handle_faults(struct http_exchange *exchange)
{
    struct fault *faults = calloc(FAULTS_MAX, sizeof(*faults));
    size_t count = faults ? fault_board_list(api_of(exchange)->faults, faults, FAULTS_MAX) : 0;
    struct slice_request slice;
    struct json_writer list;

    if (!faults) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        return;
    }
    if (!respond_read_slice(exchange, count, &slice) || !respond_begin_list(exchange, &list)) {
        free(faults);
        return;
    }
    for (size_t i = slice.begin; i < slice.end; i++) {
        json_begin_object(&list);
        json_put_string(&list, "subject", faults[i].subject);
        json_put_string(&list, "code", faults[i].code);
        json_put_string(&list, "severity", faults[i].severity == FAULT_ALARM ? "alarm" : "warning");
        json_put_string(&list, "detail", faults[i].detail);
        json_put_time(&list, "raisedAt", faults[i].raised_at_ms);
        json_put_time(&list, "clearedAt", faults[i].cleared_at_ms);
        json_end_object(&list);
    }
    respond_send_list(exchange, &list, slice.next);
    free(faults);
}

void handle_audit(struct http_exchange *exchange)
{
    struct http_api *api = api_of(exchange);
    struct validation validation = {.count = 0};
    struct page_request page;
    struct audit_line *lines;
    struct json_writer list;
    store_cursor next = 0;
    size_t count = 0;
    enum ost_status status;

    if (!respond_read_page(exchange, &validation, &page))
        return;
    lines = calloc(page.limit, sizeof(*lines));
    status = lines ? api->store->ops->list_audit(api->store, page.from, page.limit, lines, &count, &next) : OST_BUSY;
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_INTERNAL_ERROR);
    } else if (respond_begin_list(exchange, &list)) {
        for (size_t i = 0; i < count; i++) {
            json_begin_object(&list);
            json_put_uuid(&list, "auditId", lines[i].id);
            json_put_time(&list, "at", lines[i].at_ms);
            json_put_string(&list, "actor", lines[i].actor);
            json_put_string(&list, "action", lines[i].action);
            json_put_string(&list, "subject", lines[i].subject);
            json_put_string(&list, "reason", lines[i].reason[0] ? lines[i].reason : NULL);
            json_end_object(&list);
        }
        respond_send_list(exchange, &list, next);
    }
    free(lines);
}
