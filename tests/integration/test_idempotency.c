/* The rules of Idempotency-Key, for starts, stops and openings. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/api.h"
#include "tests/unit/check.h"

static struct api api;
#define PARTNER api.garage.token
#define OTHER   api.garage.other

static const char start_one[] = "{\"garageId\":\"north\",\"userId\":\"u1\",\"licensePlate\":\"AB1\"}";
static const char start_two[] = "{\"garageId\":\"north\",\"userId\":\"u2\",\"licensePlate\":\"AB2\"}";

static int call(const char *token, const char *key, const char *body, const char *path)
{
    char headers[128];

    snprintf(headers, sizeof(headers), "Idempotency-Key: %s\r\nPrefer: wait=5\r\n", key);
    return api_call(&api, token, "POST", headers, body, "%s", path);
}

static char first[4096];
static int first_status;

static void remember(void)
{
    snprintf(first, sizeof(first), "%s", api.client.body);
    first_status = api.client.status;
    api_assert_header(&api, "Idempotent-Replayed", "");
}

static void assert_replayed(void)
{
    assert_int_equal(api.client.status, first_status);
    assert_string_equal(api.client.body, first);
    api_assert_header(&api, "Idempotent-Replayed", "true");
}

static void start_session(char session[64])
{
    assert_int_equal(call(PARTNER, "start", start_one, "/v1/sessions"), 201);
    client_member(&api.client, "sessionId", session, 64);
}

static void a_start_with_its_key_is_answered_again_byte_for_byte(void **state)
{
    char location[128];

    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(call(PARTNER, "k", start_one, "/v1/sessions"), 201);
    remember();
    assert_true(client_header(&api.client, "Location", location, sizeof(location)));
    for (int i = 0; i < 3; i++) {
        call(PARTNER, "k", start_one, "/v1/sessions");
        assert_replayed();
        api_assert_header(&api, "Location", location);
    }
    api_assert_openings(&api, "north/entry-1", 1);
    api_end(&api);
}

static void a_stop_with_its_key_is_answered_again_byte_for_byte(void **state)
{
    char session[64], path[128];

    (void)state;
    api_begin(&api, garage_default);
    start_session(session);
    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", session);
    assert_int_equal(call(PARTNER, "k", NULL, path), 200);
    remember();
    call(PARTNER, "k", NULL, path);
    assert_replayed();
    assert_int_equal(call(PARTNER, "k", "{\"openDoor\":false}", path), 422);
    api_assert_problem(&api, 422, "idempotency_key_reused");
    api_assert_openings(&api, "north/exit-1", 1);
    api_end(&api);
}

static void an_opening_with_its_key_is_answered_again_and_counts_once(void **state)
{
    char session[64], path[128];

    (void)state;
    api_begin(&api, garage_default);
    start_session(session);
    snprintf(path, sizeof(path), "/v1/sessions/%s/doors/entry-1/open", session);
    assert_int_equal(call(PARTNER, "k", NULL, path), 202);
    remember();
    for (int i = 0; i < 3; i++) {
        call(PARTNER, "k", NULL, path);
        assert_replayed();
    }
    api_assert_openings(&api, "north/entry-1", 2);
    assert_int_equal(call(PARTNER, "l", NULL, path), 202);
    assert_int_equal(call(PARTNER, "m", NULL, path), 429);
    api_assert_problem(&api, 429, "too_many_openings");
    call(PARTNER, "k", NULL, path);
    assert_replayed();
    api_assert_openings(&api, "north/entry-1", 3);
    api_end(&api);
}

static void a_key_is_for_one_request_only(void **state)
{
    char session[64], path[128];

    (void)state;
    api_begin(&api, garage_default);
    start_session(session);
    assert_int_equal(call(PARTNER, "start", start_two, "/v1/sessions"), 422);
    api_assert_problem(&api, 422, "idempotency_key_reused");
    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", session);
    assert_int_equal(call(PARTNER, "start", start_one, path), 422); /* judged as a form or as a key: refused */
    assert_int_equal(call(PARTNER, "start", NULL, path), 422);
    api_assert_problem(&api, 422, "idempotency_key_reused");
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/sessions/%s", session), 200);
    api_assert_says(&api, "\"status\":\"active\"");
    api_assert_openings(&api, "north/entry-1", 1);
    api_assert_openings(&api, "north/exit-1", 0);
    api_end(&api);
}

static void a_key_belongs_to_a_partner_who_is_authorised_each_time(void **state)
{
    char reader[64];

    (void)state;
    api_begin(&api, garage_default);
    api_token(&api, "--partner parkapp --scope sessions:read", reader, NULL);
    assert_int_equal(call(PARTNER, "k", start_one, "/v1/sessions"), 201);
    assert_int_equal(call(OTHER, "k", start_two, "/v1/sessions"), 201);
    api_assert_header(&api, "Idempotent-Replayed", "");
    assert_int_equal(call(reader, "k", start_one, "/v1/sessions"), 403);
    api_assert_problem(&api, 403, "insufficient_scope");
    assert_int_equal(call(NULL, "k", start_one, "/v1/sessions"), 401);
    api_assert_problem(&api, 401, "invalid_token");
    api_end(&api);
}

static void a_refusal_is_judged_anew(void **state)
{
    (void)state;
    api_begin(&api, garage_default);
    assert_int_equal(api_call(&api, api.garage.staff, "PUT", NULL, "{\"state\":\"closed\",\"reason\":\"works\"}", "/v1/garages/north/state"), 200);
    assert_int_equal(call(PARTNER, "k", start_one, "/v1/sessions"), 409);
    api_assert_problem(&api, 409, "garage_closed");
    assert_int_equal(api_call(&api, api.garage.staff, "PUT", NULL, "{\"state\":\"open\",\"reason\":\"done\"}", "/v1/garages/north/state"), 200);
    assert_int_equal(call(PARTNER, "k", start_one, "/v1/sessions"), 201);
    remember();
    call(PARTNER, "k", start_one, "/v1/sessions");
    assert_replayed();
    api_end(&api);
}

static void a_key_survives_kill_9(void **state)
{
    char session[64], path[128], start_answer[4096];

    (void)state;
    api_begin(&api, garage_default);
    start_session(session);
    snprintf(start_answer, sizeof(start_answer), "%s", api.client.body);
    snprintf(path, sizeof(path), "/v1/sessions/%s/stop", session);
    assert_int_equal(call(PARTNER, "stop", NULL, path), 200);
    remember();
    api_restart(&api, SIGKILL);
    call(PARTNER, "stop", NULL, path);
    assert_replayed();
    assert_int_equal(call(PARTNER, "start", start_one, "/v1/sessions"), 201);
    assert_string_equal(api.client.body, start_answer);
    api_assert_header(&api, "Idempotent-Replayed", "true");
    api_assert_openings(&api, "north/entry-1", 1);
    api_assert_openings(&api, "north/exit-1", 1);
    api_end(&api);
}

static void *start_and_wait(void *context)
{
    struct http_client *client = context;

    client_call(client, "POST", "/v1/sessions", PARTNER, "Idempotency-Key: k\r\nPrefer: wait=8\r\n", start_one);
    return NULL;
}

static bool is_active(void *context)
{
    (void)context;
    api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/sessions?status=active");
    return strstr(api.client.body, "\"sessionId\"") != NULL;
}

static void a_key_whose_first_request_still_runs_is_in_progress(void **state)
{
    char configuration[4096];
    struct http_client slow;
    pthread_t thread;

    (void)state;
    snprintf(configuration, sizeof(configuration), "%s", garage_default);
    memcpy(strstr(configuration, "\"100ms\""), "\"2s\"   ", 7); /* the entry of north */
    api_begin(&api, configuration);
    assert_true(client_init(&slow, api.garage.address));
    assert_int_equal(pthread_create(&thread, NULL, start_and_wait, &slow), 0);
    assert_true(wait_for(is_active, NULL, 5000));
    assert_int_equal(call(PARTNER, "k", start_one, "/v1/sessions"), 409);
    api_assert_problem(&api, 409, "idempotency_in_progress");
    pthread_join(thread, NULL);
    assert_int_equal(slow.status, 201);
    snprintf(first, sizeof(first), "%s", slow.body);
    first_status = 201;
    call(PARTNER, "k", start_one, "/v1/sessions");
    assert_replayed();
    client_finish(&slow);
    api_assert_openings(&api, "north/entry-1", 1);
    api_end(&api);
}

static void a_key_of_another_form_is_refused(void **state)
{
    char headers[400];

    (void)state;
    api_begin(&api, garage_default);
    snprintf(headers, sizeof(headers), "Idempotency-Key: %0256d\r\n", 1);
    api_call(&api, PARTNER, "POST", headers, start_one, "/v1/sessions");
    api_assert_problem(&api, 422, "validation_failed");
    snprintf(headers, sizeof(headers), "Idempotency-Key: %0255d\r\n", 1);
    assert_int_equal(api_call(&api, PARTNER, "POST", headers, start_one, "/v1/sessions"), 201);
    api_end(&api);
}

RUN(T(a_start_with_its_key_is_answered_again_byte_for_byte), T(a_stop_with_its_key_is_answered_again_byte_for_byte),
    T(an_opening_with_its_key_is_answered_again_and_counts_once), T(a_key_is_for_one_request_only),
    T(a_key_belongs_to_a_partner_who_is_authorised_each_time), T(a_refusal_is_judged_anew), T(a_key_survives_kill_9),
    T(a_key_whose_first_request_still_runs_is_in_progress), T(a_key_of_another_form_is_refused))
