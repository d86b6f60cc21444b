#include <stdlib.h>
#include <string.h>

#include "runtime/http/headers.h"
#include "tests/unit/check.h"

static void a_request_id_is_visible_ascii_of_128_characters_at_most(void **state)
{
    char id[130];

    (void)state;
    memset(id, 'a', sizeof(id));
    id[128] = '\0';
    assert_true(header_request_id_is_sane(id));
    id[128] = 'a';
    id[129] = '\0';
    assert_false(header_request_id_is_sane(id));
    assert_false(header_request_id_is_sane(""));
    assert_false(header_request_id_is_sane("a b"));
    assert_false(header_request_id_is_sane("a\"b"));
    assert_false(header_request_id_is_sane("a\\b"));
    assert_false(header_request_id_is_sane("a\rb"));
    assert_false(header_request_id_is_sane("\xc3\xa9"));
}

static void a_traceparent_is_of_version_00_with_ids_that_are_not_zero(void **state)
{
    (void)state;
    assert_true(header_traceparent_is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    assert_false(header_traceparent_is_valid("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"));
    assert_false(header_traceparent_is_valid("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
    assert_false(header_traceparent_is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
    assert_false(header_traceparent_is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-"));
    assert_false(header_traceparent_is_valid("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"));
    assert_false(header_traceparent_is_valid(""));
}

static void an_idempotency_key_is_visible_ascii_of_255_characters_at_most(void **state)
{
    char key[257];

    (void)state;
    memset(key, '~', sizeof(key));
    key[255] = '\0';
    assert_true(header_idempotency_key_is_valid(key));
    key[255] = '~';
    key[256] = '\0';
    assert_false(header_idempotency_key_is_valid(key));
    assert_false(header_idempotency_key_is_valid(""));
    assert_false(header_idempotency_key_is_valid("a b"));
    assert_false(header_idempotency_key_is_valid("\x7f"));
}

static void a_connection_stays_open_for_keep_alive_without_close(void **state)
{
    (void)state;
    assert_true(header_keeps_alive("keep-alive"));
    assert_true(header_keeps_alive("Keep-Alive, TE"));
    assert_false(header_keeps_alive("close"));
    assert_false(header_keeps_alive("keep-alive, Close"));
    assert_false(header_keeps_alive("upgrade"));
    assert_false(header_keeps_alive("keep-alive-not"));
    assert_false(header_keeps_alive(""));
}

static void a_wait_is_whole_seconds_up_to_ten(void **state)
{
    (void)state;
    assert_int_equal(header_prefer_wait_ms("wait=5"), 5000);
    assert_int_equal(header_prefer_wait_ms("respond-async, wait=3"), 3000);
    assert_int_equal(header_prefer_wait_ms("wait=10"), 10000);
    assert_int_equal(header_prefer_wait_ms("wait=0"), 0);
    assert_true(header_prefer_wait_ms("wait=99999999999999999999") <= 10000);
    assert_int_equal(header_prefer_wait_ms("wait=-1"), 0);
    assert_int_equal(header_prefer_wait_ms("wait"), 0);
    assert_int_equal(header_prefer_wait_ms("await=5"), 0);
    assert_int_equal(header_prefer_wait_ms(""), 0);
}

static void json_is_application_json_with_any_parameters(void **state)
{
    (void)state;
    assert_true(header_is_json("application/json"));
    assert_true(header_is_json("Application/JSON; charset=utf-8"));
    assert_true(header_is_json("application/json;charset=utf-8"));
    assert_false(header_is_json("application/jsonp"));
    assert_false(header_is_json("application/problem+json"));
    assert_false(header_is_json("text/plain"));
    assert_false(header_is_json(""));
}

static void a_bearer_is_what_follows_the_scheme_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(header_bearer("Bearer abc"), "abc");
    assert_string_equal(header_bearer("bEARER abc"), "abc");
    assert_null(header_bearer("Basic abc"));
    assert_null(header_bearer("Bearerabc"));
    assert_null(header_bearer(""));
}

RUN(T(a_request_id_is_visible_ascii_of_128_characters_at_most), T(a_traceparent_is_of_version_00_with_ids_that_are_not_zero),
    T(an_idempotency_key_is_visible_ascii_of_255_characters_at_most), T(a_connection_stays_open_for_keep_alive_without_close), T(a_wait_is_whole_seconds_up_to_ten),
    T(json_is_application_json_with_any_parameters), T(a_bearer_is_what_follows_the_scheme_in_any_case))
