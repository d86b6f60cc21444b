#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/core/plate.h"
#include "runtime/http/handlers.h"
#include "runtime/http/respond.h"

#define PEDESTRIAN_RETRY_S 60 /* the shortest window that can be configured */

static unsigned render_session(const struct desk_answer *answer, struct json_writer *body, char location[128])
{
    char id[UUID_TEXT_BYTES];

    session_write(body, &answer->session, false);
    if (answer->verdict == DESK_ENDING)
        return 202;
    if (answer->verdict == DESK_REPEATED || answer->session.status != SESSION_ACTIVE)
        return 200;
    uuid_format(answer->session.id, id);
    snprintf(location, 128, "/v1/sessions/%s", id);
    return 201;
}

static unsigned render_staff_session(const struct desk_answer *answer, struct json_writer *body, char location[128])
{
    (void)location;
    session_write(body, &answer->session, true);
    return answer->verdict == DESK_ENDING ? 202 : 200;
}

static unsigned render_command(const struct desk_answer *answer, struct json_writer *body, char location[128])
{
    (void)location;
    door_command_write(body, &answer->command);
    return 202;
}

static void read_user(struct validation *validation, const struct json_value *body, char out[USER_ID_BYTES])
{
    const char *text = validation_text(validation, body, "userId", true);

    if (!text)
        return;
    if (user_id_is_valid(text))
        snprintf(out, USER_ID_BYTES, "%s", text);
    else
        validation_fail(validation, "/userId", "must be 1 to 128 printable characters");
}

static void read_plate(struct validation *validation, const struct json_value *body, char out[PLATE_BYTES])
{
    const char *text = validation_text(validation, body, "licensePlate", true);

    if (text && plate_normalise(text, out) != OST_OK)
        validation_fail(validation, "/licensePlate",
                        "must have 1 to 12 letters and digits, besides spaces, dots and hyphens");
}

void handle_session_start(struct http_exchange *exchange)
{
    static const char *const members[] = {"garageId", "userId", "licensePlate", "doorId", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    struct start_request start = {.garage_id = ""};
    struct desk_call call;
    struct desk_answer answer;
    const struct json_value *body;

    if (!document)
        return;
    body = json_root(document);
    if (json_kind(body) == JSON_IS_OBJECT) {
        validation_slug(&validation, body, "garageId", true, start.garage_id);
        read_user(&validation, body, start.user_id);
        read_plate(&validation, body, start.plate);
        validation_slug(&validation, body, "doorId", false, start.door_id);
    }
    json_free(document);
    if (respond_invalid(exchange, &validation))
        return;
    respond_begin_call(exchange, &call);
    session_desk_start(api_of(exchange)->desk, &call, &start, render_session, &answer);
    respond_end_call(exchange, &call, &answer);
    respond_desk(exchange, &answer, render_session);
}

/* A stop by its partner or by staff; the body was read. */
static void stop(struct http_exchange *exchange, struct stop_request *request, desk_render_fn *render)
{
    struct desk_call call;
    struct desk_answer answer;

    request->session_id = respond_id(exchange, 0);
    if (uuid_is_nil(request->session_id)) {
        exchange_problem(exchange, PROBLEM_SESSION_NOT_FOUND, NULL);
        return;
    }
    respond_begin_call(exchange, &call);
    session_desk_stop(api_of(exchange)->desk, &call, request, render, &answer);
    respond_end_call(exchange, &call, &answer);
    respond_desk(exchange, &answer, render);
}

void handle_session_stop(struct http_exchange *exchange)
{
    static const char *const members[] = {"doorId", "openDoor", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    struct stop_request request = {.open_door = true};

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT) {
        validation_slug(&validation, json_root(document), "doorId", false, request.door_id);
        request.open_door = validation_boolean(&validation, json_root(document), "openDoor", true);
    }
    json_free(document);
    if (!respond_invalid(exchange, &validation))
        stop(exchange, &request, render_session);
}

void handle_staff_session_stop(struct http_exchange *exchange)
{
    static const char *const members[] = {"reason", "doorId", "openDoor", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    struct stop_request request = {.open_door = true, .by_staff = true};

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT) {
        validation_reason(&validation, json_root(document), "reason", request.reason, sizeof(request.reason));
        validation_slug(&validation, json_root(document), "doorId", false, request.door_id);
        request.open_door = validation_boolean(&validation, json_root(document), "openDoor", true);
    }
    json_free(document);
    if (!respond_invalid(exchange, &validation))
        stop(exchange, &request, render_staff_session);
}

static void show(struct http_exchange *exchange, const char *partner_id)
{
    struct uuid id = respond_id(exchange, 0);
    struct session session;
    enum ost_status status =
        uuid_is_nil(id) ? OST_NOT_FOUND : session_desk_find(api_of(exchange)->desk, partner_id, id, &session);

    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_SESSION_NOT_FOUND);
        return;
    }
    session_write(exchange_body(exchange), &session, partner_id == NULL);
    exchange_send_json(exchange, 200);
}

void handle_session_show(struct http_exchange *exchange)
{
    show(exchange, exchange_request(exchange)->caller->partner_id);
}

void handle_staff_session_show(struct http_exchange *exchange)
{
    show(exchange, NULL);
}

/* The filters of a list of sessions; a plate is normalised as in a start. */
static void read_filter(struct http_exchange *exchange, struct validation *validation, struct session_filter *filter,
                        char plate[PLATE_BYTES])
{
    bool malformed = false;
    const char *status = exchange_query_value(exchange, "status", &malformed);
    const char *license_plate = exchange_query_value(exchange, "licensePlate", &malformed);

    filter->user_id = exchange_query_value(exchange, "userId", &malformed);
    filter->garage_id = exchange_query_value(exchange, "garageId", &malformed);
    filter->active = !status || strcmp(status, "active") == 0;
    filter->ended = !status || strcmp(status, "ended") == 0;
    if (!filter->active && !filter->ended)
        validation_fail(validation, "?status", "must be active or ended");
    if (license_plate && plate_normalise(license_plate, plate) != OST_OK)
        validation_fail(validation, "?licensePlate", "must have 1 to 12 letters and digits, besides spaces, dots and hyphens");
    else if (license_plate)
        filter->plate = plate;
    if (malformed)
        validation_fail(validation, "?", "the query has a parameter twice, or a bad escape");
}

static void list(struct http_exchange *exchange, const char *partner_id)
{
    struct http_api *api = api_of(exchange);
    struct validation validation = {.count = 0};
    struct session_filter filter = {.partner_id = partner_id};
    struct page_request page;
    struct session *sessions;
    struct json_writer list;
    char plate[PLATE_BYTES];
    store_cursor next = 0;
    size_t count = 0;
    enum ost_status status;

    read_filter(exchange, &validation, &filter, plate);
    if (!respond_read_page(exchange, &validation, &page))
        return;
    sessions = calloc(page.limit, sizeof(*sessions));
    status = sessions ? api->store->ops->list_sessions(api->store, &filter, page.from, page.limit, sessions, &count, &next)
                      : OST_BUSY;
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_INTERNAL_ERROR);
    } else if (respond_begin_list(exchange, &list)) {
        for (size_t i = 0; i < count; i++) {
            session_desk_overlay(api->desk, &sessions[i]);
            session_write(&list, &sessions[i], partner_id == NULL);
        }
        respond_send_list(exchange, &list, next);
    }
    free(sessions);
}

void handle_session_list(struct http_exchange *exchange)
{
    list(exchange, exchange_request(exchange)->caller->partner_id);
}

void handle_staff_session_list(struct http_exchange *exchange)
{
    list(exchange, NULL);
}

/* What the session has of the door is used up: at a pedestrian door for some minutes, at any other for good. */
static void answer_too_many(struct http_exchange *exchange, const struct open_request *open)
{
    const struct http_request *request = exchange_request(exchange);
    const struct garage *garage = NULL;
    const struct door_plan *door = NULL;
    struct problem_extras extras = {.decision = NULL};
    struct session session;

    if (session_desk_find(api_of(exchange)->desk, request->caller->partner_id, open->session_id, &session) == OST_OK)
        garage = site_find_garage(request->site, session.garage_id);
    if (garage)
        door = garage_find_door(garage, open->door_id);
    if (door && door->kind == DOOR_PEDESTRIAN) {
        extras.is_retryable = true;
        extras.retry_after_s = PEDESTRIAN_RETRY_S;
    }
    exchange_problem_with(exchange, PROBLEM_TOO_MANY_OPENINGS, NULL, &extras);
}

/* An id that no door can have: the session is judged before the door all the same. */
static void answer_no_door(struct http_exchange *exchange, struct uuid session_id)
{
    const char *partner_id = exchange_request(exchange)->caller->partner_id;
    struct session session;
    enum ost_status status = session_desk_find(api_of(exchange)->desk, partner_id, session_id, &session);

    if (status == OST_OK)
        exchange_problem(exchange, PROBLEM_DOOR_NOT_FOUND, NULL);
    else
        respond_status(exchange, status, PROBLEM_SESSION_NOT_FOUND);
}

/* An explicit opening takes no body, or an empty object. */
void handle_session_open(struct http_exchange *exchange)
{
    static const char *const members[] = {NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    struct open_request open = {.session_id = respond_id(exchange, 0)};
    struct desk_call call;
    struct desk_answer answer;

    if (!document)
        return;
    json_free(document);
    if (respond_invalid(exchange, &validation))
        return;
    if (uuid_is_nil(open.session_id)) {
        exchange_problem(exchange, PROBLEM_SESSION_NOT_FOUND, NULL);
        return;
    }
    if (!slug_is_valid(exchange_request(exchange)->parameters[1])) {
        answer_no_door(exchange, open.session_id);
        return;
    }
    snprintf(open.door_id, sizeof(open.door_id), "%s", exchange_request(exchange)->parameters[1]);
    respond_begin_call(exchange, &call);
    session_desk_open(api_of(exchange)->desk, &call, &open, render_command, &answer);
    respond_end_call(exchange, &call, &answer);
    if (answer.verdict == DESK_TOO_MANY_OPENINGS)
        answer_too_many(exchange, &open);
    else
        respond_desk(exchange, &answer, render_command);
}

void handle_manual_open(struct http_exchange *exchange)
{
    static const char *const members[] = {"reason", NULL};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    const struct http_request *request = exchange_request(exchange);
    struct manual_open_request open = {.reason = ""};
    struct desk_call call;
    struct desk_answer answer;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT)
        validation_reason(&validation, json_root(document), "reason", open.reason, sizeof(open.reason));
    json_free(document);
    if (respond_invalid(exchange, &validation))
        return;
    if (!slug_is_valid(request->parameters[0]) || !site_find_garage(request->site, request->parameters[0])) {
        exchange_problem(exchange, PROBLEM_GARAGE_NOT_FOUND, NULL);
        return;
    }
    if (!slug_is_valid(request->parameters[1])) {
        exchange_problem(exchange, PROBLEM_DOOR_NOT_FOUND, NULL);
        return;
    }
    snprintf(open.garage_id, sizeof(open.garage_id), "%s", request->parameters[0]);
    snprintf(open.door_id, sizeof(open.door_id), "%s", request->parameters[1]);
    respond_begin_call(exchange, &call);
    session_desk_open_manually(api_of(exchange)->desk, &call, &open, render_command, &answer);
    respond_end_call(exchange, &call, &answer);
    respond_desk(exchange, &answer, render_command);
}
