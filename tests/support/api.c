#include "tests/support/api.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void connect_to(struct api *api)
{
    assert_true(garage_start(&api->garage));
    assert_true(client_init(&api->client, api->garage.address));
}

void api_begin(struct api *api, const char *configuration)
{
    garage_make(&api->garage, NULL, configuration);
    connect_to(api);
}

void api_restart(struct api *api, int signal)
{
    client_finish(&api->client);
    garage_signal(&api->garage, signal);
    connect_to(api);
}

void api_end(struct api *api)
{
    client_finish(&api->client);
    garage_signal(&api->garage, SIGTERM);
    garage_assert_sound(&api->garage);
    garage_remove(&api->garage);
}

int api_call(struct api *api, const char *token, const char *method, const char *headers, const char *body, const char *path, ...)
{
    char target[512];
    va_list arguments;

    va_start(arguments, path);
    vsnprintf(target, sizeof(target), path, arguments);
    va_end(arguments);
    if (!client_call(&api->client, method, target, token, headers ? headers : "", body))
        fail_msg("no answer to %s %s", method, target);
    return api->client.status;
}

int api_start(struct api *api, const char *token, const char *garage, const char *user, const char *plate, const char *door,
              char session[64])
{
    char body[512];

    snprintf(body, sizeof(body), "{\"garageId\":\"%s\",\"userId\":\"%s\",\"licensePlate\":\"%s\"%s%s%s}", garage, user, plate,
             door ? ",\"doorId\":\"" : "", door ? door : "", door ? "\"" : "");
    api_call(api, token, "POST", "Prefer: wait=5\r\n", body, "/v1/sessions");
    if (session)
        client_member(&api->client, "sessionId", session, 64);
    return api->client.status;
}

void api_assert_problem(struct api *api, int status, const char *code)
{
    char found[64];

    client_member(&api->client, "code", found, sizeof(found));
    if (api->client.status != status || strcmp(found, code) != 0)
        fail_msg("answered %d, not %d %s: %s", api->client.status, status, code, api->client.body);
    api_assert_header(api, "Content-Type", "application/problem+json");
    if (status == 429 || status == 503)
        assert_true(client_header(&api->client, "Retry-After", found, sizeof(found)));
}

void api_assert_says(struct api *api, const char *text)
{
    if (!strstr(api->client.body, text))
        fail_msg("%s is not in %s", text, api->client.body);
}

void api_assert_header(struct api *api, const char *name, const char *value)
{
    char found[256] = "";

    client_header(&api->client, name, found, sizeof(found));
    assert_string_equal(found, value);
}

static int count_lines(struct api *api, const char *door, const char *cause)
{
    char members[192];
    int count = 0;

    snprintf(members, sizeof(members), "\"garageId\":\"%.*s\",\"doorId\":\"%s\",\"cause\":\"%s\"", (int)strcspn(door, "/"), door,
             door + strcspn(door, "/") + 1, cause);
    assert_int_equal(api_call(api, api->garage.staff, "GET", NULL, NULL, "/v1/door-ledger?limit=200"), 200);
    for (const char *at = api->client.body; (at = strstr(at, members)); at++)
        count++;
    return count;
}

struct wanted_line {
    struct api *api;
    const char *door;
    int manual;
};

static bool has_line(void *context)
{
    struct wanted_line *wanted = context;

    return count_lines(wanted->api, wanted->door, "manual") == wanted->manual;
}

void api_assert_openings(struct api *api, const char *door, int count)
{
    struct wanted_line wanted = {api, door, count_lines(api, door, "manual") + 1};
    int found;

    assert_int_equal(api_call(api, api->garage.staff, "POST", "Prefer: wait=5\r\n", "{\"reason\":\"to see what came before\"}",
                              "/v1/garages/%.*s/doors/%s/open", (int)strcspn(door, "/"), door, door + strcspn(door, "/") + 1), 202);
    if (!wait_for(has_line, &wanted, 10000))
        fail_msg("the opening by staff is not in the ledger: %s", api->client.body);
    found = count_lines(api, door, "session");
    if (found != count)
        fail_msg("%s: %d openings in the ledger, not %d", door, found, count);
}

struct wanted_health {
    struct api *api;
    const char *garage, *door, *health;
};

static bool has_health(void *context)
{
    struct wanted_health *wanted = context;
    char health[32];

    api_call(wanted->api, wanted->api->garage.staff, "GET", NULL, NULL, "/v1/garages/%s/doors/%s", wanted->garage, wanted->door);
    client_member(&wanted->api->client, "health", health, sizeof(health));
    return strcmp(health, wanted->health) == 0;
}

void api_simulate(struct api *api, const char *garage, const char *door, const char *fault, const char *health)
{
    struct wanted_health wanted = {api, garage, door, health};
    char body[64];

    snprintf(body, sizeof(body), "{\"fault\":\"%s\"}", fault);
    assert_int_equal(api_call(api, api->garage.staff, "PUT", NULL, body, "/v1/garages/%s/doors/%s/simulation", garage, door), 200);
    assert_true(wait_for(has_health, &wanted, 10000));
}

void api_token(struct api *api, const char *arguments, char token[64], char id[64])
{
    char output[1024], command[512];
    const char *found;

    snprintf(command, sizeof(command), "token create --json %s", arguments);
    assert_int_equal(garage_run(&api->garage, output, sizeof(output), command), 0);
    found = strstr(output, "\"token\":\"");
    assert_non_null(found);
    snprintf(token, 64, "%.*s", (int)strcspn(found + 9, "\""), found + 9);
    found = strstr(output, "\"tokenId\":\"");
    assert_non_null(found);
    if (id)
        snprintf(id, 64, "%.*s", (int)strcspn(found + 11, "\""), found + 11);
}
