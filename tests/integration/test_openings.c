/* Explicit openings of doors, and who may call what. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/api.h"
#include "tests/unit/check.h"

static struct api api;
#define PARTNER api.garage.token
#define OTHER   api.garage.other
#define STAFF   api.garage.staff
#define NOBODY  "01930000-0000-7000-8000-000000000000" /* an id that nothing has */

static void begin(const char *rules)
{
    char configuration[4096];
    const char *spots = strstr(garage_default, "spots = 20");

    snprintf(configuration, sizeof(configuration), "%.*s%s%s", (int)(spots - garage_default), garage_default, rules, spots);
    api_begin(&api, configuration);
}

static void start(char session[64])
{
    assert_int_equal(api_start(&api, PARTNER, "north", "u1", "AB1", NULL, session), 201);
}

static void stop(const char *session)
{
    assert_int_equal(api_call(&api, PARTNER, "POST", "Prefer: wait=5\r\n", NULL, "/v1/sessions/%s/stop", session), 200);
}

static int open_with(const char *token, const char *session, const char *door, const char *body)
{
    return api_call(&api, token, "POST", "Prefer: wait=5\r\n", body, "/v1/sessions/%s/doors/%s/open", session, door);
}

static int open_door(const char *session, const char *door)
{
    return open_with(PARTNER, session, door, NULL);
}

static void assert_refused(int given, int status, const char *code)
{
    (void)given; /* the call, made before this one reads its answer */
    api_assert_problem(&api, status, code);
}

struct wanted_refusal {
    const char *session, *door;
    int status;
};

static bool is_refused(void *context)
{
    const struct wanted_refusal *wanted = context;

    return open_door(wanted->session, wanted->door) == wanted->status;
}

static void a_door_opens_three_times_a_session_the_implied_opening_included(void **state)
{
    char session[64], next[64];

    (void)state;
    begin("");
    start(session);
    assert_int_equal(open_door(session, "entry-1"), 202);
    assert_int_equal(open_with(PARTNER, session, "entry-1", "{}"), 202);
    assert_refused(open_door(session, "entry-1"), 429, "too_many_openings");
    api_assert_says(&api, "\"retryable\":false"); /* no waiting gives the session more */
    api_assert_header(&api, "Retry-After", "3600");
    api_assert_openings(&api, "north/entry-1", 3);
    stop(session);
    assert_int_equal(open_door(session, "exit-1"), 202);
    assert_int_equal(open_door(session, "exit-1"), 202);
    assert_refused(open_door(session, "exit-1"), 429, "too_many_openings");
    api_assert_openings(&api, "north/exit-1", 3);
    start(next); /* a session of its own counts for itself */
    assert_int_equal(open_door(next, "entry-1"), 202);
    api_end(&api);
}

static void the_pedestrian_door_opens_three_times_in_its_window_while_the_session_runs(void **state)
{
    char session[64];

    (void)state;
    begin("");
    start(session);
    for (int i = 0; i < 3; i++)
        assert_int_equal(open_door(session, "side"), 202);
    assert_refused(open_door(session, "side"), 429, "too_many_openings");
    api_assert_says(&api, "\"retryable\":true");
    api_assert_header(&api, "Retry-After", "60");
    api_assert_openings(&api, "north/side", 3);
    stop(session);
    assert_refused(open_door(session, "side"), 409, "session_not_active");
    api_end(&api);
}

static void the_entry_opens_again_only_soon_after_the_start(void **state)
{
    char session[64];
    struct wanted_refusal wanted = {session, "entry-1", 409};

    (void)state;
    begin("entry_reopen = \"2s\", openings_max = 100, ");
    start(session);
    assert_int_equal(open_door(session, "entry-1"), 202);
    assert_true(wait_for(is_refused, &wanted, 10000));
    api_assert_problem(&api, 409, "door_not_allowed");
    assert_int_equal(open_door(session, "side"), 202);
    stop(session);
    assert_refused(open_door(session, "entry-1"), 409, "session_not_active");
    api_end(&api);
}

static void the_exit_opens_again_only_after_the_stop_and_within_the_grace(void **state)
{
    char session[64];
    struct wanted_refusal wanted = {session, "exit-1", 409};

    (void)state;
    begin("exit_grace = \"2s\", openings_max = 100, ");
    start(session);
    assert_refused(open_door(session, "exit-1"), 409, "door_not_allowed");
    api_assert_openings(&api, "north/exit-1", 0);
    stop(session);
    assert_int_equal(open_door(session, "exit-1"), 202);
    assert_true(wait_for(is_refused, &wanted, 10000));
    api_assert_problem(&api, 409, "session_not_active");
    api_end(&api);
}

static void an_opening_answers_with_the_whole_command_for_its_own_partner(void **state)
{
    static const char *const members[] = {"\"commandId\":\"", "\"doorId\":\"side\"", "\"garageId\":\"north\"", "\"cause\":\"session\"",
                                          "\"requestedAt\":\"", "\"expiresAt\":\"", "\"status\":\"opened\"", "\"reason\":null",
                                          "\"finishedAt\":\"", "\"relayFiredAt\":\"", "\"seenOpenAt\":\""};
    char session[64], command[64];

    (void)state;
    begin("");
    start(session);
    assert_int_equal(open_with(PARTNER, session, "side", "{}"), 202);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        api_assert_says(&api, members[i]);
    client_member(&api.client, "commandId", command, sizeof(command));
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/door-commands/%s", command), 200);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        api_assert_says(&api, members[i]);
    assert_refused(api_call(&api, OTHER, "GET", NULL, NULL, "/v1/door-commands/%s", command), 404, "command_not_found");
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/door-commands/%s", command), 200);
    assert_refused(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/door-commands/" NOBODY), 404, "command_not_found");
    api_end(&api);
}

static void what_is_not_there_or_not_ones_own_does_not_open(void **state)
{
    char session[64];

    (void)state;
    begin("");
    start(session);
    assert_refused(open_with(OTHER, session, "entry-1", NULL), 404, "session_not_found");
    assert_refused(open_door(NOBODY, "entry-1"), 404, "session_not_found");
    assert_refused(open_door(session, "nowhere"), 404, "door_not_found");
    assert_refused(open_door(session, "in-a"), 404, "door_not_found"); /* a door of another garage */
    assert_refused(open_with(PARTNER, session, "entry-1", "{\"reason\":\"x\"}"), 422, "validation_failed");
    api_simulate(&api, "north", "entry-1", "unreachable", "unreachable");
    assert_refused(open_door(session, "entry-1"), 503, "door_unreachable");
    api_simulate(&api, "north", "entry-1", "none", "ok");
    api_assert_openings(&api, "north/entry-1", 1);
    api_end(&api);
}

static void every_line_of_the_ledger_has_just_one_cause(void **state)
{
    char session[64];
    int lines = 0;

    (void)state;
    begin("");
    start(session);
    assert_int_equal(open_door(session, "side"), 202);
    stop(session);
    api_assert_openings(&api, "north/side", 1);
    api_assert_openings(&api, "north/exit-1", 1);
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/door-ledger?limit=200"), 200);
    for (const char *at = api.client.body; (at = strstr(at, "{\"openingId\"")); lines++) {
        const char *end = strchr(at, '}');
        const char *cause = strstr(at, "\"cause\":\"");
        const char *id = strstr(at, "\"causeId\":");

        assert_true(cause && id && id < end);
        assert_null(memmem(cause + 1, (size_t)(end - cause - 1), "\"cause\":", 8));
        if (strncmp(cause + 9, "session\"", 8) == 0)
            assert_int_equal(strncmp(id + 11, session, strlen(session)), 0);
        else
            assert_int_equal(strncmp(cause + 9, "manual\"", 7), 0);
        at = end;
    }
    assert_int_equal(lines, 5); /* three for the session, two by staff */
    api_end(&api);
}

static const struct {
    const char *method, *path;
    const char *without; /* --partner and every --scope but those that allow it */
} routes[] = {
#define APP   "--partner parkapp "
#define CREW  "--partner staff "
#define SW    "--scope sessions:write "
#define SR    "--scope sessions:read "
#define GR    "--scope garages:read "
#define DO    "--scope doors:open "
#define PR    "--scope policies:read "
#define OR    "--scope operations:read "
#define OW    "--scope operations:write "
#define DM    "--scope doors:maintain "
    {"POST", "/v1/sessions", APP SR GR DO},
    {"GET", "/v1/sessions", APP SW GR DO},
    {"GET", "/v1/sessions/" NOBODY, APP SW GR DO},
    {"DELETE", "/v1/sessions/" NOBODY, APP SR GR DO},
    {"POST", "/v1/sessions/" NOBODY "/stop", APP SR GR DO},
    {"POST", "/v1/sessions/" NOBODY "/doors/side/open", APP SW SR GR},
    {"GET", "/v1/garages", APP SW SR DO},
    {"GET", "/v1/garages/north", APP SW SR DO},
    {"GET", "/v1/garages/north/availability", APP SW SR DO},
    {"GET", "/v1/garages/north/doors", APP SW SR DO},
    {"GET", "/v1/garages/north/doors/side", APP SW SR DO},
    {"GET", "/v1/door-commands/" NOBODY, APP SW GR DO},
    {"GET", "/v1/lists/blocked", APP SW SR DO},
    {"POST", "/v1/garages/north/doors/side/open", CREW GR PR OR DM},
    {"PUT", "/v1/garages/north/doors/side/maintenance", CREW GR PR OR OW},
    {"DELETE", "/v1/garages/north/doors/side/maintenance", CREW GR PR OR OW},
    {"PUT", "/v1/garages/north/doors/side/simulation", CREW GR PR OR DM},
    {"PUT", "/v1/garages/north/state", CREW GR PR OR DM},
    {"PUT", "/v1/garages/north/occupancy", CREW GR PR OR DM},
    {"GET", "/v1/door-ledger", CREW GR PR OW DM},
    {"GET", "/v1/operations/sessions", CREW GR PR OW DM},
    {"GET", "/v1/operations/sessions/" NOBODY, CREW GR PR OW DM},
    {"POST", "/v1/operations/sessions/" NOBODY "/stop", CREW GR PR OR DM},
    {"PUT", "/v1/lists/blocked/entries/AB1", CREW GR PR OR DM},
    {"DELETE", "/v1/lists/blocked/entries/AB1", CREW GR PR OR DM},
    {"GET", "/v1/faults", CREW GR PR OW DM},
    {"GET", "/v1/audit", CREW GR PR OW DM},
    {"GET", "/v1/policies", CREW GR OR OW DM},
    {"GET", "/v1/policies/tariff", CREW GR OR OW DM},
};

static void every_route_wants_its_scope_and_one_good_token(void **state)
{
    char token[64] = "", two[128];
    const char *made = "";

    (void)state;
    begin("");
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(made, routes[i].without) != 0)
            api_token(&api, routes[i].without, token, NULL);
        made = routes[i].without;
        snprintf(two, sizeof(two), "Authorization: Bearer %s\r\n", token);
        assert_refused(api_call(&api, token, routes[i].method, NULL, NULL, "%s", routes[i].path), 403, "insufficient_scope");
        assert_refused(api_call(&api, NULL, routes[i].method, NULL, NULL, "%s", routes[i].path), 401, "invalid_token");
        assert_refused(api_call(&api, token, routes[i].method, two, NULL, "%s", routes[i].path), 401, "invalid_token");
        assert_refused(api_call(&api, "nonsense", routes[i].method, NULL, NULL, "%s", routes[i].path), 401, "invalid_token");
        api_assert_header(&api, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    }
    api_end(&api);
}

static bool is_unauthorized(void *context)
{
    return api_call(&api, context, "GET", NULL, NULL, "/v1/garages") == 401;
}

static void a_revoked_token_is_none(void **state)
{
    char token[64], id[64], command[128];

    (void)state;
    begin("");
    api_token(&api, APP GR, token, id);
    assert_int_equal(api_call(&api, token, "GET", NULL, NULL, "/v1/garages"), 200);
    snprintf(command, sizeof(command), "token revoke %s", id);
    assert_int_equal(garage_run(&api.garage, NULL, 0, command), 0);
    assert_true(wait_for(is_unauthorized, token, 10000));
    api_assert_problem(&api, 401, "invalid_token");
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/garages"), 200);
    api_end(&api);
}

RUN(T(a_door_opens_three_times_a_session_the_implied_opening_included),
    T(the_pedestrian_door_opens_three_times_in_its_window_while_the_session_runs),
    T(the_entry_opens_again_only_soon_after_the_start), T(the_exit_opens_again_only_after_the_stop_and_within_the_grace),
    T(an_opening_answers_with_the_whole_command_for_its_own_partner), T(what_is_not_there_or_not_ones_own_does_not_open),
    T(every_line_of_the_ledger_has_just_one_cause), T(every_route_wants_its_scope_and_one_good_token), T(a_revoked_token_is_none))
