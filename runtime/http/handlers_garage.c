#include <string.h>

#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

static void write_door(struct json_writer *body, struct http_exchange *exchange, const struct door_plan *plan)
{
    struct door_snapshot door;

    if (door_actuator_snapshot(api_of(exchange)->doors, plan->garage_id, plan->id, &door) != OST_OK)
        return; /* a door that needs a restart to be there */
    json_begin_object(body);
    json_put_string(body, "doorId", door.door_id);
    json_put_string(body, "kind", door_kind_text(door.kind));
    json_put_string(body, "position", door_position_text(door.position));
    json_put_boolean(body, "assumed", door.assumed);
    json_put_string(body, "health", door_health_text(door.health));
    json_put_time(body, "healthCheckedAt", door.health_checked_at_ms);
    json_name(body, "faults");
    json_begin_array(body);
    for (unsigned i = 0; i < door.fault_count; i++)
        json_write_string(body, door.faults[i]);
    json_end_array(body);
    json_end_object(body);
}

static void write_doors(struct json_writer *body, struct http_exchange *exchange, const struct garage *garage)
{
    json_begin_array(body);
    for (size_t i = 0; i < garage->door_count; i++)
        write_door(body, exchange, &garage->doors[i]);
    json_end_array(body);
}

static void write_garage(struct json_writer *body, struct http_exchange *exchange, const struct garage *garage)
{
    struct garage_counts counts = {.state = GARAGE_OPEN};

    if (session_desk_counts(api_of(exchange)->desk, garage, &counts) != OST_OK)
        counts.state = GARAGE_OPEN; /* never opened before: nothing was ever set */
    json_begin_object(body);
    json_put_string(body, "garageId", garage->id);
    json_put_string(body, "name", garage->name);
    json_put_string(body, "state", garage_state_text(counts.state));
    json_name(body, "doors");
    write_doors(body, exchange, garage);
    json_end_object(body);
}

/* NULL: answered with 404. */
static const struct garage *find_garage(struct http_exchange *exchange)
{
    const struct http_request *request = exchange_request(exchange);
    const struct garage *garage = site_find_garage(request->site, request->parameters[0]);

    if (!garage)
        exchange_problem(exchange, PROBLEM_GARAGE_NOT_FOUND, NULL);
    return garage;
}

void handle_garage_list(struct http_exchange *exchange)
{
    const struct site *site = exchange_request(exchange)->site;
    struct slice_request slice;
    struct json_writer list;

    if (!respond_read_slice(exchange, site->garage_count, &slice) || !respond_begin_list(exchange, &list))
        return;
    for (size_t i = slice.begin; i < slice.end; i++)
        write_garage(&list, exchange, &site->garages[i]);
    respond_send_list(exchange, &list, slice.next);
}

void handle_garage_show(struct http_exchange *exchange)
{
    const struct garage *garage = find_garage(exchange);

    if (!garage)
        return;
    write_garage(exchange_body(exchange), exchange, garage);
    exchange_send_json(exchange, 200);
}

void handle_availability(struct http_exchange *exchange)
{
    const struct garage *garage = find_garage(exchange);
    struct json_writer *body = exchange_body(exchange);
    struct garage_counts counts;
    int64_t available;

    if (!garage)
        return;
    if (session_desk_counts(api_of(exchange)->desk, garage, &counts) != OST_OK) {
        exchange_problem(exchange, PROBLEM_STORAGE_UNAVAILABLE, NULL);
        return;
    }
    available = session_desk_offer(api_of(exchange)->desk, garage, &counts);
    json_begin_object(body);
    json_put_string(body, "garageId", garage->id);
    json_put_integer(body, "total", garage->spots);
    json_put_integer(body, "occupied", counts.occupied);
    json_put_integer(body, "available", available);
    json_put_string(body, "state", garage_state_text(counts.state));
    json_put_time(body, "asOf", clock_wall_ms(api_of(exchange)->clock));
    json_end_object(body);
    exchange_send_json(exchange, 200);
}

void handle_door_list(struct http_exchange *exchange)
{
    const struct garage *garage = find_garage(exchange);
    struct slice_request slice;
    struct json_writer list;

    if (!garage || !respond_read_slice(exchange, garage->door_count, &slice) || !respond_begin_list(exchange, &list))
        return;
    for (size_t i = slice.begin; i < slice.end; i++)
        write_door(&list, exchange, &garage->doors[i]);
    respond_send_list(exchange, &list, slice.next);
}

void handle_door_show(struct http_exchange *exchange)
{
    const struct garage *garage = find_garage(exchange);
    const struct door_plan *plan;

    if (!garage)
        return;
    plan = garage_find_door(garage, exchange_request(exchange)->parameters[1]);
    if (!plan) {
        exchange_problem(exchange, PROBLEM_DOOR_NOT_FOUND, NULL);
        return;
    }
    write_door(exchange_body(exchange), exchange, plan);
    exchange_send_json(exchange, 200);
}

void handle_command_show(struct http_exchange *exchange)
{
    struct http_api *api = api_of(exchange);
    struct uuid id = respond_id(exchange, 0);
    struct door_command command;
    enum ost_status status = OST_NOT_FOUND;

    if (!uuid_is_nil(id)) {
        status = door_actuator_find(api->doors, id, &command);
        if (status != OST_OK)
            status = api->store->ops->find_command(api->store, id, &command);
    }
    if (status == OST_OK && !caller_has(exchange, SCOPE_OPERATIONS_READ) &&
        (command.cause != CAUSE_SESSION ||
         strcmp(command.partner_id, exchange_request(exchange)->caller->partner_id) != 0))
        status = OST_NOT_FOUND; /* others' commands do not exist for a partner */
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_COMMAND_NOT_FOUND);
        return;
    }
    door_command_write(exchange_body(exchange), &command);
    exchange_send_json(exchange, 200);
}
