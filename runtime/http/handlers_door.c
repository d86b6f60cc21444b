/* Staff's and technicians' calls about doors: maintenance, simulation, ledger. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

#define STAFF_DEADLINE_MS 5000

/* NULL: answered with 404. */
static const struct door_plan *find_door(struct http_exchange *exchange)
{
    const struct http_request *request = exchange_request(exchange);
    const struct garage *garage = site_find_garage(request->site, request->parameters[0]);
    const struct door_plan *door = garage ? garage_find_door(garage, request->parameters[1]) : NULL;

    if (!door)
        exchange_problem(exchange, garage ? PROBLEM_DOOR_NOT_FOUND : PROBLEM_GARAGE_NOT_FOUND, NULL);
    return door;
}

static void audit(struct http_exchange *exchange, const char *action, const struct door_plan *door, const char *reason,
                  struct audit_line *line)
{
    struct http_api *api = api_of(exchange);

    line->at_ms = clock_wall_ms(api->clock);
    line->id = uuid_make(api->ids, line->at_ms);
    snprintf(line->actor, sizeof(line->actor), "%s", exchange_request(exchange)->caller->actor);
    snprintf(line->action, sizeof(line->action), "%s", action);
    snprintf(line->subject, sizeof(line->subject), "door/%s/%s", door->garage_id, door->id);
    snprintf(line->reason, sizeof(line->reason), "%s", reason);
}

/* Stored first, so that a restart keeps the lock; then told to the door thread. */
static void maintain(struct http_exchange *exchange, const struct door_plan *door, int64_t until_ms, const char *reason)
{
    struct http_api *api = api_of(exchange);
    struct store_change *change = store_change_create(STORE_MAINTENANCE);
    struct json_writer *body = exchange_body(exchange);
    enum ost_status status = OST_BUSY;

    if (change) {
        snprintf(change->u.maintenance.garage_id, sizeof(change->u.maintenance.garage_id), "%s", door->garage_id);
        snprintf(change->u.maintenance.door_id, sizeof(change->u.maintenance.door_id), "%s", door->id);
        snprintf(change->u.maintenance.reason, sizeof(change->u.maintenance.reason), "%s", reason);
        change->u.maintenance.until_ms = until_ms;
        audit(exchange, until_ms ? "door.maintain" : "door.release", door, reason, change->audit);
        status = api->store->ops->commit(api->store, change, clock_monotonic_ms(api->clock) + STAFF_DEADLINE_MS);
    }
    store_change_release(change);
    if (status == OST_OK)
        status = door_actuator_maintain(api->doors, door->garage_id, door->id, until_ms);
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_DOOR_NOT_FOUND);
        return;
    }
    json_begin_object(body);
    json_put_string(body, "doorId", door->id);
    json_put_time(body, "maintenanceUntil", until_ms);
    json_end_object(body);
    exchange_send_json(exchange, 200);
}

void handle_maintenance_set(struct http_exchange *exchange)
{
    static const char *const members[] = {"reason", "minutes", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    const struct door_plan *door;
    char reason[REASON_BYTES] = "";
    int64_t minutes = 0;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT) {
        validation_reason(&validation, json_root(document), "reason", reason, sizeof(reason));
        minutes = validation_integer(&validation, json_root(document), "minutes", 1, 1440);
    }
    json_free(document);
    if (respond_invalid(exchange, &validation))
        return;
    door = find_door(exchange);
    if (door)
        maintain(exchange, door, clock_wall_ms(api_of(exchange)->clock) + minutes * 60000, reason);
}

void handle_maintenance_lift(struct http_exchange *exchange)
{
    const struct door_plan *door = find_door(exchange);

    if (door)
        maintain(exchange, door, 0, "");
}

void handle_simulation(struct http_exchange *exchange)
{
    static const char *const members[] = {"fault", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    const struct door_plan *door;
    char fault[16] = "";
    const char *text = NULL;
    enum ost_status status;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT)
        text = validation_text(&validation, json_root(document), "fault", true);
    if (text)
        snprintf(fault, sizeof(fault), "%s", text);
    json_free(document);
    if (respond_invalid(exchange, &validation) || !(door = find_door(exchange)))
        return;
    status = door_actuator_simulate(api_of(exchange)->doors, door->garage_id, door->id, fault);
    if (status == OST_INVALID)
        validation_fail(&validation, "/fault", "must be none, unreachable, stuck, slow, welded or bouncing");
    else if (status == OST_CONFLICT)
        validation_fail(&validation, "", "this door is real hardware; only simulated doors have faults to choose");
    if (respond_invalid(exchange, &validation))
        return;
    if (status != OST_OK) {
        exchange_problem(exchange, PROBLEM_DOOR_NOT_FOUND, NULL);
        return;
    }
    json_begin_object(exchange_body(exchange));
    json_put_string(exchange_body(exchange), "doorId", door->id);
    json_put_string(exchange_body(exchange), "fault", fault);
    json_end_object(exchange_body(exchange));
    exchange_send_json(exchange, 200);
}

static void write_opening(struct json_writer *list, const struct door_opening *opening)
{
    const struct door_command *command = &opening->command;

    json_begin_object(list);
    json_put_uuid(list, "openingId", opening->id);
    json_put_string(list, "garageId", command->garage_id);
    json_put_string(list, "doorId", command->door_id);
    json_put_string(list, "cause", door_cause_text(command->cause));
    json_put_uuid(list, "causeId", command->cause_id);
    json_put_string(list, "actor", command->actor[0] ? command->actor : NULL);
    json_put_string(list, "outcome", command_status_text(command->status));
    json_put_boolean(list, "degraded", command->degraded);
    json_put_time(list, "requestedAt", command->requested_at_ms);
    json_put_time(list, "relayFiredAt", command->relay_fired_at_ms);
    json_put_time(list, "seenOpenAt", command->seen_open_at_ms);
    json_end_object(list);
}

void handle_ledger(struct http_exchange *exchange)
{
    struct http_api *api = api_of(exchange);
    struct validation validation = {.count = 0};
    struct page_request page;
    struct door_opening *openings;
    struct json_writer list;
    store_cursor next = 0;
    size_t count = 0;
    enum ost_status status;

    if (!respond_read_page(exchange, &validation, &page))
        return;
    openings = calloc(page.limit, sizeof(*openings));
    status = openings ? api->store->ops->list_openings(api->store, page.from, page.limit, openings, &count, &next) : OST_BUSY;
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_INTERNAL_ERROR);
    } else if (respond_begin_list(exchange, &list)) {
        for (size_t i = 0; i < count; i++)
            write_opening(&list, &openings[i]);
        respond_send_list(exchange, &list, next);
    }
    free(openings);
}
