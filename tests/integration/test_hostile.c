/* Connections and bodies that mean harm, and policies that do, leave the server answering. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/garage.h"
#include "tests/unit/check.h"

#define HOSTILE 200
#if defined(__SANITIZE_ADDRESS__)
#define PATIENCE_MS 250 /* 50 ms, and what the sanitizers of this build cost */
#else
#define PATIENCE_MS 50
#endif

static struct garage_under_test garage;
static struct http_client client;

static int set_up(void **state)
{
    (void)state;
    garage_make(&garage, NULL, garage_default);
    assert_true(garage_start(&garage));
    assert_true(client_init(&client, garage.address));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_finish(&client);
    assert_int_equal(garage_signal(&garage, SIGTERM), 0);
    garage_remove(&garage);
    return 0;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A good request on a connection of its own; how long it took. */
static long good_request_ms(void)
{
    struct http_client good;
    long began = now_ms();
    long took;

    assert_true(client_init(&good, garage.address));
    assert_true(client_call(&good, "GET", "/v1/garages/north/availability", garage.token, "", NULL));
    assert_int_equal(good.status, 200);
    took = now_ms() - began;
    client_finish(&good);
    return took;
}

static void send_some(int file, const char *bytes)
{
    if (send(file, bytes, strlen(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* it was closed: that is what the server may do */
}

static void idle_silent_and_slow_connections_do_not_delay_a_good_request(void **state)
{
    static const char whole[] = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    int files[HOSTILE];
    long slowest = 0;

    (void)state;
    for (int i = 0; i < HOSTILE; i++) {
        files[i] = client_connect("127.0.0.1", client.port, "127.0.0.2");
        assert_true(files[i] >= 0);
        if (i % 3 == 0)
            send_some(files[i], whole); /* idle afterwards */
        else if (i % 3 == 1)
            send_some(files[i], "GET /livez HT"); /* a byte now and then */
    }
    for (int second = 0; second < 12; second++) {
        char byte[2] = {"TP/1.1\r\nX:yyyyyyyyyyyyyy"[second], '\0'};
        long took = good_request_ms();
        struct timespec pause = {.tv_nsec = 500000000};

        slowest = took > slowest ? took : slowest;
        for (int i = 1; i < HOSTILE; i += 3)
            send_some(files[i], byte);
        nanosleep(&pause, NULL); /* the attackers' own pace */
    }
    print_message("the slowest good request took %ld ms\n", slowest);
    assert_true(slowest < 1000);
    for (int i = 0; i < HOSTILE; i++)
        close(files[i]);
}

static void a_slow_body_is_given_up_and_delays_nobody(void **state)
{
    int files[32];
    char head[512];

    (void)state;
    snprintf(head, sizeof(head), "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 16000\r\n\r\n{", garage.token);
    for (int i = 0; i < 32; i++) {
        files[i] = client_connect("127.0.0.1", client.port, "127.0.0.2");
        assert_true(files[i] >= 0);
        send_some(files[i], head);
    }
    assert_true(good_request_ms() < 1000);
    for (int i = 0; i < 32; i++) {
        char answer[1024];
        struct timeval patience = {.tv_sec = 12};

        setsockopt(files[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        assert_true(recv(files[i], answer, sizeof(answer), 0) >= 0); /* an answer or an end, within the deadline */
        close(files[i]);
    }
}

static void a_body_of_brackets_is_refused_at_once(void **state)
{
    static char body[16 * 1024 + 1];
    long began;

    (void)state;
    memset(body, '[', sizeof(body) - 1);
    began = now_ms();
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
    assert_int_equal(client.status, 400);
    assert_non_null(strstr(client.body, "malformed_json"));
    assert_true(now_ms() - began < PATIENCE_MS);
}

static void hostile_policies_leave_the_server_answering(void **state)
{
    static const char *const bodies[] = {"while true do end", "local x = ('x'):rep(1e9)", "string.find(('a'):rep(60), ('a*'):rep(30) .. 'b')"};
    char text[256];

    (void)state;
    for (int i = 0; i < 3; i++) {
        long began;

        snprintf(text, sizeof(text), "policy { name = \"hostile\" } function on.session_start(visit) %s end", bodies[i]);
        garage_policy(&garage, "hostile.lua", text);
        garage_signal(&garage, SIGTERM);
        client_finish(&client);
        assert_true(garage_start(&garage));
        assert_true(client_init(&client, garage.address));
        began = now_ms();
        assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "",
                                "{\"garageId\":\"north\",\"userId\":\"u\",\"licensePlate\":\"AB1\"}"));
        assert_int_equal(client.status, 503);
        assert_non_null(strstr(client.body, "policy_unavailable"));
        assert_true(now_ms() - began < 4 * PATIENCE_MS);
        assert_true(good_request_ms() < PATIENCE_MS);
    }
    garage_policy(&garage, "hostile.lua", NULL);
}

/* Requests that two readers could understand in two ways: refused, and nothing of them is taken for a next request. */
static void ambiguous_requests_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        int status;
    } requests[] = {
        {"GET /livez HTTP/1.1\r\n\r\n", 400},
        {"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
        {"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400},
        {"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc", 400},
        {"GET /livez HTTP/1.1\r\nHost: a\r\nX: y\r\n folded: z\r\nContent-Length: 33\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /livez HTTP/1.1\r\nHost: a\r\nX\x80: y\r\nContent-Length: 5\r\n\r\nabcde", 400},
        {"GET //livez HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /LIVEZ HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /%6civez HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /v1/../livez HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /livez/ HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"PATCH /livez HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        client_close(&client);
        if (!client_raw(&client, requests[i].bytes, strlen(requests[i].bytes)))
            fail_msg("no answer to request %zu", i);
        if (client.status != requests[i].status)
            fail_msg("request %zu: %d, not %d: %s", i, client.status, requests[i].status, client.body);
    }
}

static void what_is_too_long_is_refused_by_name(void **state)
{
    static char path[1200] = "/", headers[4000], body[20000];
    size_t at = 0;

    (void)state;
    memset(path + 1, 'a', 1100);
    assert_true(client_call(&client, "GET", path, NULL, "", NULL));
    assert_int_equal(client.status, 414);
    for (int i = 0; i < 70; i++)
        at += (size_t)sprintf(headers + at, "X-%d: y\r\n", i);
    assert_true(client_call(&client, "GET", "/livez", NULL, headers, NULL));
    assert_int_equal(client.status, 431);
    memset(body, ' ', 16385);
    assert_true(client_call(&client, "POST", "/v1/sessions", garage.token, "", body));
    assert_int_equal(client.status, 413);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(idle_silent_and_slow_connections_do_not_delay_a_good_request), T(a_slow_body_is_given_up_and_delays_nobody),
        T(a_body_of_brackets_is_refused_at_once), T(ambiguous_requests_are_refused), T(what_is_too_long_is_refused_by_name),
        T(hostile_policies_leave_the_server_answering),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
