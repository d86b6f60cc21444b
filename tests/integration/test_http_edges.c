/* The edges of HTTP: what is refused before it is a request, and what every answer has all the same. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

static struct garage_under_test garage;
static struct http_client client;

static int setup(void **state)
{
    (void)state;
    garage_make(&garage, NULL, garage_default);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_finish(&client);
    garage_signal(&garage, SIGTERM);
    garage_assert_sound(&garage);
    garage_remove(&garage);
    return 0;
}

static void assert_problem(int status, const char *code, bool of_api)
{
    char id[128], instance[128], found[64], cache[64];

    assert_int_equal(client.status, status);
    client_member(&client, "code", found, sizeof(found));
    assert_string_equal(found, code);
    assert_true(client_header(&client, "X-Request-Id", id, sizeof(id)));
    client_member(&client, "instance", instance, sizeof(instance));
    assert_string_equal(instance, id);
    assert_int_equal(client_header(&client, "Cache-Control", cache, sizeof(cache)), of_api);
}

static void send_raw(const char *text)
{
    client_close(&client);
    assert_true(client_raw(&client, text, strlen(text)));
}

static void whatever_is_refused_is_a_problem_with_an_id(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *code;
        bool of_api;
    } cases[] = {
        {"BREW /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", true},
        {"TRACE /livez HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", false},
        {"BREW /v1/teapot HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found", true},
        {"PATCH /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed", true},
        {"GET livez HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request", false},
        {"GET /livez HTTP/3.7\r\nHost: a\r\n\r\n", 400, "malformed_request", false},
        {"\x16\x03\x01 is no HTTP\r\n\r\n", 400, "malformed_request", false},
        {"GET /v1/garages HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed_request", true},
        {"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_required", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_raw(cases[i].request);
        assert_problem(cases[i].status, cases[i].code, cases[i].of_api);
    }
    send_raw("BREW /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_non_null(strstr(client.head, "Allow: GET, HEAD, POST\r\n"));
}

/* civetweb closes the connection of what it does not take for its own, unless it is answered while it closes. */
static void a_target_in_absolute_form_is_its_path(void **state)
{
    char request[1024], value[64];

    (void)state;
    send_raw("GET http://example.com/livez HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert_int_equal(client.status, 200);
    assert_true(client_header(&client, "Connection", value, sizeof(value)));
    assert_string_equal(value, "close");
    snprintf(request, sizeof(request), "GET http://%s/livez?a=b HTTP/1.1\r\nHost: a\r\n\r\n", garage.address);
    send_raw(request);
    assert_int_equal(client.status, 200);
    snprintf(request, sizeof(request), "GET HTTP://a.b:81/v1/garages?limit=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n",
             garage.token);
    send_raw(request);
    assert_problem(422, "validation_failed", true);
    snprintf(request, sizeof(request),
             "POST http://a.b/v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
             "Content-Length: 2\r\n\r\n{}",
             garage.token);
    send_raw(request);
    assert_problem(422, "validation_failed", true);
    assert_non_null(strstr(client.body, "/licensePlate"));
    send_raw("GET http://a.b/v1/garages HTTP/1.1\r\n\r\n");
    assert_problem(400, "malformed_request", true);
    send_raw("GET http://a.b/v1/garages HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_problem(401, "invalid_token", true);
    send_raw("BREW http://a.b/livez HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_problem(405, "method_not_allowed", false);
}

static void an_asterisk_is_for_options(void **state)
{
    char allow[64];

    (void)state;
    send_raw("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(client.status, 204);
    assert_true(client_header(&client, "Allow", allow, sizeof(allow)));
    assert_string_equal(allow, "GET, HEAD, POST, PUT, DELETE");
    send_raw("GET * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_problem(400, "malformed_request", false);
    send_raw("BREW * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_problem(400, "malformed_request", false);
}

/* Read to the end of the connection: one answer, however the connection came to be closed. */
static void no_request_is_answered_twice(void **state)
{
    static const char *const requests[] = {
        "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /livez HTTP/1.0\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "BREW * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a.b/livez HTTP/1.1\r\nHost: a\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
        "no HTTP\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        char answer[4096];
        size_t length = 0;
        ssize_t got = 1;
        int file = client_connect(client.host, client.port, "");
        const char *second;

        assert_true(file >= 0);
        assert_int_equal(send(file, requests[i], strlen(requests[i]), MSG_NOSIGNAL), strlen(requests[i]));
        while (got > 0 && length < sizeof(answer) - 1) {
            got = recv(file, answer + length, sizeof(answer) - 1 - length, 0);
            length += got > 0 ? (size_t)got : 0;
        }
        answer[length] = '\0';
        close(file);
        assert_memory_equal(answer, "HTTP/1.1 ", 9);
        assert_non_null(strstr(answer, "Connection: close\r\n"));
        second = strstr(answer + 9, "HTTP/1.1 ");
        if (second)
            fail_msg("a second answer to '%s': %s", requests[i], second);
    }
}

static void json_that_is_valid_is_judged_by_its_members(void **state)
{
    static const struct {
        const char *body;
        const char *pointer;
    } cases[] = {
        {"{\"occupied\":123456789012345678901234567890,\"reason\":\"x\"}", "\"pointer\":\"/occupied\""},
        {"{\"occupied\":1e999,\"reason\":\"x\"}", "\"pointer\":\"/occupied\""},
        {"{\"occupied\":1,\"reason\":\"a\\u0000b\"}", "\"pointer\":\"/reason\""},
        {"{\"occupied\":1,\"reason\":\"\u00a0\u3000\"}", "\"pointer\":\"/reason\""},
        {"{\"occupied\":1,\"reason\":\"a\\u0085b\"}", "\"pointer\":\"/reason\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(client_call(&client, "PUT", "/v1/garages/north/occupancy", garage.staff, "", cases[i].body));
        assert_problem(422, "validation_failed", true);
        assert_non_null(strstr(client.body, cases[i].pointer));
    }
    assert_true(client_call(&client, "PUT", "/v1/garages/north/occupancy", garage.staff, "", "{\"occupied\":1,\n\"occupied\":1}"));
    assert_problem(400, "malformed_json", true);
    assert_non_null(strstr(client.body, "line 2, column"));
    assert_null(strstr(client.body, "near"));
}

static void errors_beyond_the_list_are_counted(void **state)
{
    char body[2048] = "{";
    size_t length = 1;

    (void)state;
    for (int i = 0; i < 70; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length, "%s\"x%d\":1", i ? "," : "", i);
    snprintf(body + length, sizeof(body) - length, "}");
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
    assert_problem(422, "validation_failed", true);
    assert_non_null(strstr(client.body, "has 9 more errors")); /* 70 and the 3 that are missing, less 64 */
}

static void a_session_is_judged_before_a_door_that_cannot_be(void **state)
{
    (void)state;
    assert_true(client_call(&client, "POST", "/v1/sessions/0193a5e0-0000-7000-8000-000000000000/doors/SIDE/open", garage.token, "", NULL));
    assert_problem(404, "session_not_found", true);
}

static void staff_choose_the_door_of_a_stop_or_none(void **state)
{
    char session[64], path[128];

    (void)state;
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "",
                            "{\"garageId\":\"south\",\"userId\":\"s\",\"licensePlate\":\"S1\",\"doorId\":\"in-a\"}"));
    assert_int_equal(client.status, 201);
    client_member(&client, "sessionId", session, sizeof(session));
    snprintf(path, sizeof(path), "/v1/operations/sessions/%s/stop", session);
    assert_true(client_call(&client, "POST", path, garage.staff, "", "{\"doorId\":\"out-b\"}"));
    assert_problem(422, "validation_failed", true);
    assert_non_null(strstr(client.body, "\"pointer\":\"/reason\""));
    assert_true(client_call(&client, "POST", path, garage.staff, "", "{\"reason\":\"lost\"}"));
    assert_problem(422, "door_indication_required", true);
    assert_true(client_call(&client, "POST", path, garage.staff, "", "{\"reason\":\"lost\",\"openDoor\":false}"));
    assert_int_equal(client.status, 200);
    assert_non_null(strstr(client.body, "\"exitDoor\":null"));
}

static void what_is_too_long_is_said_to_be(void **state)
{
    static char request[40100];

    (void)state;
    snprintf(request, sizeof(request), "GET /v1/%039000d HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    send_raw(request);
    assert_problem(414, "target_too_long", true);
    snprintf(request, sizeof(request), "GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: %020000d\r\n\r\n", 1);
    send_raw(request);
    assert_problem(431, "headers_too_large", false);
    snprintf(request, sizeof(request), "GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: %015000d\r\n\r\n", 1);
    send_raw(request);
    assert_int_equal(client.status, 200);
}

static void every_list_takes_a_limit_and_a_cursor(void **state)
{
    static const char *const lists[] = {"/v1/faults", "/v1/garages", "/v1/garages/north/doors", "/v1/policies",
                                        "/v1/lists/blocked", "/v1/door-ledger", "/v1/operations/sessions", "/v1/audit"};
    static const char *const wrong[] = {"limit=abc", "limit=0", "limit=201", "limit=2&limit=3", "limit=%zz", "cursor=",
                                        "cursor=nonsense", "%6cimit=abc",
                                        "limit", "cursor"};
    char path[128], cursor[64];

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            snprintf(path, sizeof(path), "%s?%s", lists[i], wrong[j]);
            assert_true(client_call(&client, "GET", path, garage.staff, "", NULL));
            assert_problem(422, "validation_failed", true);
        }
        snprintf(path, sizeof(path), "%s?limit=200", lists[i]);
        assert_true(client_call(&client, "GET", path, garage.staff, "", NULL));
        assert_int_equal(client.status, 200);
    }
    assert_true(client_call(&client, "GET", "/v1/garages/north/doors?limit=2", garage.staff, "", NULL));
    assert_non_null(strstr(client.body, "entry-1"));
    assert_null(strstr(client.body, "side"));
    client_member(&client, "nextCursor", cursor, sizeof(cursor));
    snprintf(path, sizeof(path), "/v1/garages/north/doors?limit=2&cursor=%s", cursor);
    assert_true(client_call(&client, "GET", path, garage.staff, "", NULL));
    assert_non_null(strstr(client.body, "side"));
    assert_null(strstr(client.body, "entry-1"));
    assert_non_null(strstr(client.body, "\"nextCursor\":null"));
}

static void every_wrong_field_is_named_by_its_pointer(void **state)
{
    char body[1200] = "{", name[32], pointer[64];
    size_t length = 1;

    (void)state;
    for (int i = 0; i < 40; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length, "\"wrong%d\":1,", i);
    snprintf(body + length, sizeof(body) - length, "\"a/b~c\":1}");
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
    assert_problem(422, "validation_failed", true);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "wrong%d", i);
        snprintf(pointer, sizeof(pointer), "\"pointer\":\"/%s\"", name);
        assert_non_null(strstr(client.body, pointer));
    }
    assert_non_null(strstr(client.body, "\"pointer\":\"/a~1b~0c\""));
    assert_non_null(strstr(client.body, "\"pointer\":\"/licensePlate\""));
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "Idempotency-Key: \xc3\xa9\r\n", "{}"));
    assert_true(client.status == 400 || client.status == 422);
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "Idempotency-Key: a b\r\n", "{}"));
    assert_problem(422, "validation_failed", true);
    assert_non_null(strstr(client.body, "\"pointer\":\"Idempotency-Key\""));
}

static void a_reason_has_something_to_see(void **state)
{
    (void)state;
    assert_true(client_call(&client, "POST", "/v1/garages/north/doors/side/open", garage.staff, "", "{\"reason\":\"   \"}"));
    assert_problem(422, "validation_failed", true);
    assert_true(client_call(&client, "POST", "/v1/garages/north/doors/side/open", garage.staff, "", "{\"reason\":\"a\\nb\"}"));
    assert_problem(422, "validation_failed", true);
    assert_true(client_call(&client, "POST", "/v1/garages/nowhere/doors/SIDE/open", garage.staff, "", "{\"reason\":\"x\"}"));
    assert_problem(404, "garage_not_found", true);
    assert_true(client_call(&client, "POST", "/v1/garages/north/doors/SIDE/open", garage.staff, "", "{\"reason\":\"x\"}"));
    assert_problem(404, "door_not_found", true);
}

static void a_preference_is_said_to_be_applied_only_where_it_was(void **state)
{
    static const char start[] = "{\"garageId\":\"north\",\"userId\":\"u\",\"licensePlate\":\"AB1\"}";
    char applied[32];

    (void)state;
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "Prefer: wait=5\r\n", start));
    assert_int_equal(client.status, 201);
    assert_true(client_header(&client, "Preference-Applied", applied, sizeof(applied)));
    assert_non_null(strstr(client.body, "\"status\":\"opened\""));
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "Prefer: wait=5\r\n", start));
    assert_int_equal(client.status, 200);
    assert_false(client_header(&client, "Preference-Applied", applied, sizeof(applied)));
}

static void an_answer_without_content_has_no_length(void **state)
{
    char length[16];

    (void)state;
    assert_true(client_call(&client, "PUT", "/v1/lists/blocked/entries/AB1", garage.staff, "", NULL));
    assert_int_equal(client.status, 200);
    assert_true(client_call(&client, "DELETE", "/v1/lists/blocked/entries/AB1", garage.staff, "", NULL));
    assert_int_equal(client.status, 204);
    assert_false(client_header(&client, "Content-Length", length, sizeof(length)));
    assert_true(client_call(&client, "GET", "/livez", NULL, "", NULL)); /* and the connection goes on */
    assert_int_equal(client.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_refused_is_a_problem_with_an_id),
        cmocka_unit_test(a_target_in_absolute_form_is_its_path),
        cmocka_unit_test(an_asterisk_is_for_options),
        cmocka_unit_test(no_request_is_answered_twice),
        cmocka_unit_test(json_that_is_valid_is_judged_by_its_members),
        cmocka_unit_test(errors_beyond_the_list_are_counted),
        cmocka_unit_test(a_session_is_judged_before_a_door_that_cannot_be),
        cmocka_unit_test(staff_choose_the_door_of_a_stop_or_none),
        cmocka_unit_test(what_is_too_long_is_said_to_be),
        cmocka_unit_test(every_list_takes_a_limit_and_a_cursor),
        cmocka_unit_test(every_wrong_field_is_named_by_its_pointer),
        cmocka_unit_test(a_reason_has_something_to_see),
        cmocka_unit_test(a_preference_is_said_to_be_applied_only_where_it_was),
        cmocka_unit_test(an_answer_without_content_has_no_length),
    };

    return cmocka_run_group_tests_name("edges of HTTP", tests, setup, teardown);
}
