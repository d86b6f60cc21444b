/* A session from start to stop, as the contract tells it to partners. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/api.h"
#include "tests/unit/check.h"

static struct api api;
#define PARTNER api.garage.token
#define OTHER   api.garage.other
#define STAFF   api.garage.staff

static void staff_sets(const char *garage, const char *what, const char *body)
{
    assert_int_equal(api_call(&api, STAFF, "PUT", NULL, body, "/v1/garages/%s/%s", garage, what), 200);
}

static void stop(const char *session, const char *body, int status)
{
    if (api_call(&api, PARTNER, "POST", "Prefer: wait=5\r\n", body, "/v1/sessions/%s/stop", session) != status)
        fail_msg("a stop was answered %d, not %d: %s", api.client.status, status, api.client.body);
}

static void assert_refused(int given, int status, const char *code)
{
    (void)given; /* the call, made before this one reads its answer */
    api_assert_problem(&api, status, code);
}

static int start_body(const char *token, const char *body)
{
    return api_call(&api, token, "POST", NULL, body, "/v1/sessions");
}

static void the_first_check_that_fails_answers_a_start(void **state)
{
    static const char nonsense[] = "{\"garageId\":\"nowhere\",\"userId\":\"\",\"licensePlate\":\"AB1\"}";
    char reader[64], inside[64], again[64];

    (void)state;
    api_begin(&api, garage_default);
    garage_policy(&api.garage, "ban.lua",
                  "policy { name = \"ban\" } function on.session_start(visit) if visit.plate == \"BANNED\" then "
                  "deny(\"not_welcome\", \"No.\") end end");
    api_restart(&api, SIGTERM);
    api_token(&api, "--partner parkapp --scope sessions:read", reader, NULL);
    assert_int_equal(api_start(&api, PARTNER, "south", "u1", "AB1", "in-a", inside), 201);
    assert_int_equal(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 201);
    staff_sets("south", "occupancy", "{\"occupied\":20,\"reason\":\"counted\"}");
    staff_sets("south", "state", "{\"state\":\"closed\",\"reason\":\"works\"}");
    api_simulate(&api, "south", "in-a", "unreachable", "unreachable");

    assert_refused(start_body(NULL, nonsense), 401, "invalid_token");
    api_assert_header(&api, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    assert_refused(start_body(reader, nonsense), 403, "insufficient_scope");
    assert_refused(start_body(PARTNER, nonsense), 422, "validation_failed");
    assert_refused(api_start(&api, PARTNER, "nowhere", "u1", "AB1", "in-a", NULL), 404, "garage_not_found");
    assert_refused(api_start(&api, PARTNER, "south", "u1", "AB1", "in-z", NULL), 404, "door_not_found");
    assert_refused(api_start(&api, PARTNER, "south", "u1", "AB1", NULL, NULL), 422, "door_indication_required");
    assert_refused(api_start(&api, PARTNER, "south", "u1", "AB1", "out-a", NULL), 422, "door_not_entry");
    assert_int_equal(api_start(&api, PARTNER, "south", "u1", "AB1", "in-a", again), 200);
    assert_string_equal(again, inside);
    assert_int_equal(api_start(&api, PARTNER, "south", "u1", "AB1", "in-b", again), 200);
    assert_string_equal(again, inside);
    assert_refused(api_start(&api, PARTNER, "south", "u2", "AB1", "in-a", NULL), 409, "session_already_active");
    assert_refused(api_start(&api, OTHER, "south", "u1", "AB1", "in-a", NULL), 409, "plate_already_active");
    assert_refused(api_start(&api, PARTNER, "south", "u3", "BANNED", "in-a", NULL), 409, "garage_full");
    staff_sets("south", "occupancy", "{\"occupied\":1,\"reason\":\"counted\"}");
    assert_refused(api_start(&api, PARTNER, "south", "u3", "BANNED", "in-a", NULL), 409, "garage_closed");
    staff_sets("south", "state", "{\"state\":\"suspended\",\"reason\":\"works\"}");
    assert_refused(api_start(&api, PARTNER, "south", "u3", "BANNED", "in-a", NULL), 409, "garage_suspended");
    staff_sets("south", "state", "{\"state\":\"open\",\"reason\":\"done\"}");
    assert_refused(api_start(&api, PARTNER, "south", "u3", "BANNED", "in-a", NULL), 503, "door_unreachable");
    api_simulate(&api, "south", "in-a", "none", "ok");
    assert_refused(api_start(&api, PARTNER, "south", "u3", "BANNED", "in-a", NULL), 403, "not_welcome");
    api_assert_says(&api, "\"policy\":{\"name\":\"ban\"");

    api_assert_openings(&api, "south/in-a", 1); /* nothing was created, nothing opened */
    api_assert_openings(&api, "north/entry-1", 1);
    assert_int_equal(api_start(&api, PARTNER, "south", "u3", "AB3", "in-a", NULL), 201);
    api_end(&api);
}

static void a_start_says_all_and_where_the_session_is(void **state)
{
    static const char *const parts[] = {"\"garageId\":\"north\"", "\"userId\":\"u1\"", "\"licensePlate\":\"AB123C\"",
                                        "\"status\":\"active\"", "\"endedAt\":null", "\"claim\":\"confirmed\"",
                                        "\"entryDoor\":{\"doorId\":\"entry-1\",\"command\":{\"commandId\":\"", "\"status\":\"queued\"",
                                        "\"exitDoor\":null", "\"price\":null", "\"decisionId\":\"", "\"startedAt\":\"20"};
    char session[64], location[128];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(start_body(PARTNER, "{\"garageId\":\"north\",\"userId\":\"u1\",\"licensePlate\":\"ab-123.c \"}"), 201);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        api_assert_says(&api, parts[i]);
    client_member(&api.client, "sessionId", session, sizeof(session));
    snprintf(location, sizeof(location), "/v1/sessions/%s", session);
    api_assert_header(&api, "Location", location);
    assert_int_equal(session[14], '7'); /* UUIDv7 */
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "%s", location), 200);
    api_assert_says(&api, session);
    api_end(&api);
}

static void the_same_start_again_is_the_same_session_and_opens_nothing(void **state)
{
    char first[64], again[64];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, first), 201);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "a-b 1", NULL, again), 200);
    assert_string_equal(again, first);
    api_assert_openings(&api, "north/entry-1", 1);
    api_end(&api);
}

static void a_user_has_one_session_and_a_plate_one_in_a_garage(void **state)
{
    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, NULL), 201);
    assert_refused(api_start(&api, PARTNER, "south", "u1", "AB1", "in-a", NULL), 409, "session_already_active");
    assert_refused(api_start(&api, PARTNER, "north", "u1", "AB9", NULL, NULL), 409, "session_already_active");
    assert_refused(api_start(&api, PARTNER, "north", "u2", "AB1", NULL, NULL), 409, "plate_already_active");
    assert_refused(api_start(&api, OTHER, "north", "u1", "AB1", NULL, NULL), 409, "plate_already_active");
    assert_int_equal(api_start(&api, OTHER, "south", "u1", "AB1", "in-a", NULL), 201); /* another's u1 is another user */
    api_end(&api);
}

static void the_last_spot_is_one_spot(void **state)
{
    char configuration[4096], session[64];

    (void)state;
    snprintf(configuration, sizeof(configuration), "%s", garage_default);
    memcpy(strstr(configuration, "spots = 20"), "spots = 01", 10);
    api_begin(&api, configuration);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
    assert_refused(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 409, "garage_full");
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/garages/north/availability"), 200);
    api_assert_says(&api, "\"total\":1,\"occupied\":1,\"available\":0");
    stop(session, NULL, 200);
    assert_int_equal(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 201);
    api_end(&api);
}

static void what_staff_says_of_a_garage_survives_a_restart(void **state)
{
    char session[64];

    (void)state;
    api_begin(&api, garage_default);
    staff_sets("south", "state", "{\"state\":\"suspended\",\"reason\":\"works\"}");
    staff_sets("north", "occupancy", "{\"occupied\":19,\"reason\":\"counted\"}");
    api_restart(&api, SIGKILL);
    assert_refused(api_start(&api, PARTNER, "south", "u1", "AB1", "in-a", NULL), 409, "garage_suspended");
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
    assert_refused(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 409, "garage_full");
    api_restart(&api, SIGTERM);
    assert_refused(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 409, "garage_full");
    stop(session, NULL, 200); /* starts and stops move the number */
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/garages/north/availability"), 200);
    api_assert_says(&api, "\"occupied\":19,\"available\":1");
    assert_int_equal(api_call(&api, STAFF, "PUT", NULL, "{\"state\":\"open\",\"reason\":\"done\"}", "/v1/garages/south/state"), 200);
    assert_int_equal(api_start(&api, PARTNER, "south", "u1", "AB1", "in-a", NULL), 201);
    api_end(&api);
}

static void a_door_in_maintenance_takes_no_start_and_lets_a_session_end(void **state)
{
    static const char lock[] = "{\"reason\":\"grease\",\"minutes\":10}";
    char session[64];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
    staff_sets("north", "doors/entry-1/maintenance", lock);
    assert_refused(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 409, "door_in_maintenance");
    api_restart(&api, SIGTERM);
    assert_refused(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 409, "door_in_maintenance");
    assert_int_equal(api_call(&api, STAFF, "DELETE", NULL, NULL, "/v1/garages/north/doors/entry-1/maintenance"), 200);
    assert_int_equal(api_start(&api, PARTNER, "north", "u2", "AB2", NULL, NULL), 201);
    staff_sets("north", "doors/exit-1/maintenance", lock);
    stop(session, NULL, 200);
    api_assert_says(&api, "\"status\":\"ended\"");
    api_assert_says(&api, "\"status\":\"refused\",\"reason\":\"door_in_maintenance\"");
    api_end(&api);
}

static void a_stop_ends_the_session_once_and_opens_once(void **state)
{
    char session[64], deleted[64], ended_at[64], again[64];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
    stop(session, NULL, 200);
    api_assert_says(&api, "\"status\":\"ended\"");
    api_assert_says(&api, "\"exitDoor\":{\"doorId\":\"exit-1\",\"command\":{");
    api_assert_says(&api, "\"price\":null");
    assert_null(strstr(api.client.body, "pricePending"));
    client_member(&api.client, "endedAt", ended_at, sizeof(ended_at));
    stop(session, NULL, 200);
    client_member(&api.client, "endedAt", again, sizeof(again));
    assert_string_equal(again, ended_at);
    assert_int_equal(api_call(&api, PARTNER, "DELETE", NULL, NULL, "/v1/sessions/%s", session), 200);
    api_assert_openings(&api, "north/exit-1", 1);

    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, deleted), 201);
    assert_string_not_equal(deleted, session);
    assert_int_equal(api_call(&api, PARTNER, "DELETE", "Prefer: wait=5\r\n", NULL, "/v1/sessions/%s", deleted), 200);
    api_assert_says(&api, "\"status\":\"ended\"");
    stop(deleted, NULL, 200);
    api_assert_openings(&api, "north/exit-1", 2);
    api_end(&api);
}

static void a_stop_names_the_exit_unless_none_is_to_open(void **state)
{
    char session[64];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "south", "u1", "AB1", "in-a", session), 201);
    stop(session, NULL, 422);
    api_assert_problem(&api, 422, "door_indication_required");
    stop(session, "{\"doorId\":\"in-a\"}", 422);
    api_assert_problem(&api, 422, "door_not_exit");
    stop(session, "{\"doorId\":\"nowhere\"}", 404);
    api_assert_problem(&api, 404, "door_not_found");
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/sessions/%s", session), 200);
    api_assert_says(&api, "\"status\":\"active\"");
    stop(session, "{\"openDoor\":false}", 200);
    api_assert_says(&api, "\"status\":\"ended\"");
    api_assert_says(&api, "\"exitDoor\":null");
    assert_int_equal(api_start(&api, PARTNER, "south", "u1", "AB1", "in-b", session), 201);
    stop(session, "{\"doorId\":\"out-b\"}", 200);
    api_assert_says(&api, "\"exitDoor\":{\"doorId\":\"out-b\"");
    api_assert_openings(&api, "south/out-b", 1);
    api_assert_openings(&api, "south/out-a", 0);
    api_end(&api);
}

static void a_dead_exit_still_ends_the_session_and_says_why_it_is_shut(void **state)
{
    char session[64];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
    api_simulate(&api, "north", "exit-1", "unreachable", "unreachable");
    stop(session, NULL, 200);
    api_assert_says(&api, "\"status\":\"ended\"");
    api_assert_says(&api, "\"reason\":\"door_unreachable\"");
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/faults"), 200);
    api_assert_says(&api, "door_unreachable");
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, NULL), 201);
    api_end(&api);
}

static void a_foreign_session_does_not_exist(void **state)
{
    char session[64];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
    assert_refused(api_call(&api, OTHER, "GET", NULL, NULL, "/v1/sessions/%s", session), 404, "session_not_found");
    assert_refused(api_call(&api, OTHER, "DELETE", NULL, NULL, "/v1/sessions/%s", session), 404, "session_not_found");
    assert_refused(api_call(&api, OTHER, "POST", NULL, NULL, "/v1/sessions/%s/stop", session), 404, "session_not_found");
    assert_int_equal(api_call(&api, OTHER, "GET", NULL, NULL, "/v1/sessions"), 200);
    api_assert_says(&api, "\"items\":[]");
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/sessions/%s", session), 200);
    api_assert_says(&api, "\"status\":\"active\"");
    api_end(&api);
}

static int listed(const char *query)
{
    int count = 0;

    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/sessions?%s", query), 200);
    for (const char *at = api.client.body; (at = strstr(at, "\"sessionId\"")); at++)
        count++;
    return count;
}

static void lists_are_filtered_paged_and_newest_first(void **state)
{
    char sessions[5][64], user[16], plate[16], query[256] = "limit=2", cursor[160];
    int next = 4;

    (void)state;
    api_begin(&api, garage_default);
    for (int i = 0; i < 5; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        snprintf(plate, sizeof(plate), "AB%d", i);
        assert_int_equal(api_start(&api, PARTNER, "north", user, plate, NULL, sessions[i]), 201);
    }
    stop(sessions[1], NULL, 200);
    assert_int_equal(listed("status=ended"), 1);
    api_assert_says(&api, sessions[1]);
    assert_int_equal(listed("status=active"), 4);
    assert_int_equal(listed("userId=u2"), 1);
    api_assert_says(&api, sessions[2]);
    assert_int_equal(listed("licensePlate=a-b%203"), 1);
    api_assert_says(&api, sessions[3]);
    assert_int_equal(listed("garageId=south"), 0);
    assert_int_equal(listed("garageId=north&userId=u1&status=active"), 0);
    assert_refused(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/sessions?status=parked"), 422, "validation_failed");
    for (int page = 0; page < 3; page++) {
        const char *at;

        assert_int_equal(listed(query), page < 2 ? 2 : 1);
        at = api.client.body;
        for (int i = 0; i < (page < 2 ? 2 : 1); i++) {
            at = strstr(at, sessions[next--]);
            assert_non_null(at);
        }
        client_member(&api.client, "nextCursor", cursor, sizeof(cursor));
        snprintf(query, sizeof(query), "limit=2&cursor=%s", cursor);
    }
    api_assert_says(&api, "\"nextCursor\":null");
    api_end(&api);
}

RUN(T(the_first_check_that_fails_answers_a_start), T(a_start_says_all_and_where_the_session_is),
    T(the_same_start_again_is_the_same_session_and_opens_nothing), T(a_user_has_one_session_and_a_plate_one_in_a_garage),
    T(the_last_spot_is_one_spot), T(what_staff_says_of_a_garage_survives_a_restart),
    T(a_door_in_maintenance_takes_no_start_and_lets_a_session_end), T(a_stop_ends_the_session_once_and_opens_once),
    T(a_stop_names_the_exit_unless_none_is_to_open), T(a_dead_exit_still_ends_the_session_and_says_why_it_is_shut),
    T(a_foreign_session_does_not_exist), T(lists_are_filtered_paged_and_newest_first))
