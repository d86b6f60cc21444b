/*
 * The real `ostler serve` with a gpiod door, in the rig: what its relay's line does and does not do, from boot to power
 * cut. The line is watched from the first moment to the last: every pulse must have a start that asked for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/json.h"
#include "tests/rig/relay_watch.h"
#include "tests/rig/service_manager.h"
#include "tests/rig/wires.h"

#define FOLDER      "/tmp/rig"
#define CONFIG      FOLDER "/garage.lua"
#define LOG         FOLDER "/serve.log"
#define RELAY       0
#define OPEN_SENSOR 1
#define PATIENCE_MS 30000
#define WATCHDOG_MS 2000
#define RELEASE     "ostler --config " CONFIG " door release"
#define QUIET_MS    1500 /* a pulse that should not be would have begun by then */

static const char configuration[] =
    "http { listen = \"127.0.0.1:0\" }\n"
    "storage { path = \"" FOLDER "/ostler.db\" }\n"
    "policies { directory = \"" FOLDER "/policies\" }\n"
    "garage { id = \"g\", name = \"G\", spots = 1000, timezone = \"Europe/Amsterdam\", currency = \"EUR\",\n"
    "  doors = {\n"
    "    door { id = \"in\", kind = \"entry\", driver = \"gpiod\", chip = \"" RIG_CHIP "\", relay = \"entry-relay\",\n"
    "           pulse = \"500ms\", open_sensor = \"entry-open\", travel_time = \"1s\" },\n"
    "  } }\n"
    "partner { id = \"parkapp\" }\n";

static pid_t server;
static int port;
static char token[256];
static unsigned starts_made; /* those that were answered 201 */

/* ---- the program ---- */

static void show_log(void)
{
    FILE *file = fopen(LOG, "r");
    char line[1024];

    while (file && fgets(line, sizeof(line), file))
        fprintf(stderr, "serve: %s", line);
    if (file)
        fclose(file);
}

/* The port from the last "listening on http://127.0.0.1:PORT" in the log; 0: not there. */
static int port_in_log(void)
{
    static const char announcement[] = "listening on http://127.0.0.1:";
    FILE *file = fopen(LOG, "r");
    char line[1024];
    int found = 0;

    while (file && fgets(line, sizeof(line), file)) {
        const char *at = strstr(line, announcement);

        if (at)
            found = atoi(at + strlen(announcement));
    }
    if (file)
        fclose(file);
    return found;
}

static bool log_says(const char *text)
{
    FILE *file = fopen(LOG, "r");
    char line[1024];
    bool found = false;

    while (!found && file && fgets(line, sizeof(line), file))
        found = strstr(line, text) != NULL;
    if (file)
        fclose(file);
    return found;
}

static void start_server(void)
{
    int64_t give_up_ms = rig_now_ms() + PATIENCE_MS;
    int log = open(LOG, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);

    assert_true(log >= 0);
    server = fork();
    assert_true(server >= 0);
    if (server == 0) {
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execl("/usr/bin/ostler", "ostler", "--config", CONFIG, "serve", (char *)NULL);
        _exit(127);
    }
    close(log);
    while ((port = port_in_log()) == 0) {
        if (rig_now_ms() > give_up_ms || waitpid(server, NULL, WNOHANG) == server) {
            show_log();
            fail_msg("ostler serve does not come up");
        }
        rig_sleep_ms(20);
    }
}

/* Returns the wait status. */
static int end_server(int signal_number)
{
    int64_t give_up_ms = rig_now_ms() + PATIENCE_MS;
    int status = 0;

    kill(server, signal_number);
    while (waitpid(server, &status, WNOHANG) == 0) {
        if (rig_now_ms() > give_up_ms) {
            show_log();
            kill(server, SIGKILL);
            waitpid(server, &status, 0);
            fail_msg("ostler serve does not end on signal %d", signal_number);
        }
        rig_sleep_ms(10);
    }
    server = 0;
    return status;
}

/* Each test begins with a server, whatever became of the one before. */
static int need_server(void **state)
{
    (void)state;
    if (server <= 0)
        start_server();
    return 0;
}

/* ---- HTTP, one connection a request ---- */

struct answer {
    int status;
    char body[16384];
};

static struct answer call(const char *method, const char *path, const char *headers, const char *body)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    static char text[20000];
    struct answer answer = {0};
    size_t length = 0;
    ssize_t got;
    char *end;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        show_log();
        fail_msg("no connection: %s", strerror(errno));
    }
    snprintf(text, sizeof(text),
             "%s %s HTTP/1.1\r\nHost: rig\r\nConnection: close\r\nAuthorization: Bearer %s\r\n%s"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             method, path, token, headers, strlen(body), body);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    while (length < sizeof(text) - 1 && (got = recv(fd, text + length, sizeof(text) - 1 - length, 0)) > 0)
        length += (size_t)got;
    close(fd);
    text[length] = '\0';
    sscanf(text, "HTTP/1.1 %d", &answer.status);
    end = strstr(text, "\r\n\r\n");
    snprintf(answer.body, sizeof(answer.body), "%s", end ? end + 4 : "");
    return answer;
}

/* The text at a path of member names, "" where there is none. */
static const char *member(const struct answer *answer, const char *const *path, char out[static 256])
{
    struct json_document *document;
    const struct json_value *value;
    const char *text;
    char error[128];

    out[0] = '\0';
    if (json_parse(answer->body, strlen(answer->body), 16, &document, error) != OST_OK)
        return out;
    for (value = json_root(document); value && *path; path++)
        value = json_member(value, *path);
    text = json_as_string(value, NULL);
    if (text)
        snprintf(out, 256, "%s", text);
    json_free(document);
    return out;
}

static const char *const code_path[] = {"code", NULL};
static const char *const status_path[] = {"status", NULL};
static const char *const health_path[] = {"health", NULL};
static const char *const position_path[] = {"position", NULL};
static const char *const command_path[] = {"entryDoor", "command", "commandId", NULL};
static const char *const command_status_path[] = {"entryDoor", "command", "status", NULL};

static struct answer start_session(const char *headers)
{
    static unsigned visitor;
    struct answer answer;
    char body[256];

    visitor++;
    snprintf(body, sizeof(body), "{\"garageId\":\"g\",\"userId\":\"u-%u\",\"licensePlate\":\"RIG%u\"}", visitor,
             visitor);
    answer = call("POST", "/v1/sessions", headers, body);
    if (answer.status == 201)
        starts_made++;
    else
        fprintf(stderr, "start: %d %s\n", answer.status, answer.body);
    return answer;
}

static const char *door_says(const char *const *path, char out[static 256])
{
    struct answer answer = call("GET", "/v1/garages/g/doors/in", "", "");

    return member(&answer, path, out);
}

/* ---- waiting ---- */

#define EVENTUALLY(condition, patience_ms)                                                                             \
    do {                                                                                                               \
        int64_t until_ms_ = rig_now_ms() + (patience_ms);                                                              \
        while (!(condition) && rig_now_ms() < until_ms_)                                                               \
            rig_sleep_ms(10);                                                                                          \
        assert_true(condition);                                                                                        \
    } while (0)

/* Nothing may have moved but for the starts so far. */
static void expect_quiet(void)
{
    rig_sleep_ms(QUIET_MS);
    assert_int_equal(wire_level(RELAY), 0);
    assert_int_equal(relay_watch_pulses(), starts_made);
}

static void expect_one_good_pulse(void)
{
    struct relay_pulse pulse;

    EVENTUALLY(relay_watch_finished() == starts_made, 5000);
    assert_int_equal(relay_watch_pulses(), starts_made);
    assert_int_equal(wire_level(RELAY), 0);
    pulse = relay_watch_latest();
    printf("         pulse between %.1f and %.1f ms\n", (double)pulse.at_least_ns / 1e6,
           (double)pulse.at_most_ns / 1e6);
    assert_true(pulse.at_most_ns >= INT64_C(500000000));
    assert_true(pulse.at_least_ns < INT64_C(650000000));
}

/* The gate's controller, for one passage. */
static void let_door_pass(void)
{
    char text[256];

    EVENTUALLY(relay_watch_pulses() == starts_made, 5000);
    wire_pull(OPEN_SENSOR, true);
    EVENTUALLY(strcmp(door_says(position_path, text), "open") == 0, 5000);
    wire_pull(OPEN_SENSOR, false);
}

/* Processor time of the server, in clock ticks. */
static long server_ticks(void)
{
    unsigned long user = 0, kernel = 0;
    char path[64], text[1024] = "";
    const char *after_name;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)server);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    after_name = strrchr(text, ')');
    assert_non_null(after_name);
    sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    return (long)(user + kernel);
}

/* ---- the scenarios, in this order ---- */

static void boot_moves_nothing(void **state)
{
    char health[256];

    (void)state;
    expect_quiet();
    assert_string_equal(door_says(health_path, health), "ok");
}

static void a_start_moves_the_relay_once_for_half_a_second(void **state)
{
    struct answer answer;
    char text[256];

    (void)state;
    for (int i = 0; i < 3; i++) {
        answer = start_session("");
        assert_int_equal(answer.status, 201);
        expect_one_good_pulse();
        let_door_pass();
    }
    assert_string_equal(member(&answer, status_path, text), "active");
    expect_quiet();
}

static void the_sensor_decides_the_outcome(void **state)
{
    struct answer answer;
    char text[256];

    (void)state;
    EVENTUALLY(strcmp(door_says(position_path, text), "closed") == 0, 5000); /* the passage before is over */
    answer = start_session("Prefer: wait=5\r\n"); /* the sensor sees nothing: 1 s and a margin later that is known */
    assert_int_equal(answer.status, 201);
    assert_string_equal(member(&answer, command_status_path, text), "not_moved");
    wire_pull(OPEN_SENSOR, true);
    EVENTUALLY(strcmp(door_says(position_path, text), "open") == 0, 2000);
    answer = start_session("Prefer: wait=5\r\n"); /* held open */
    assert_string_equal(member(&answer, command_status_path, text), "opened");
    wire_pull(OPEN_SENSOR, false);
    EVENTUALLY(strcmp(door_says(position_path, text), "closed") == 0, 5000);
    expect_quiet();
}

static void sighup_moves_nothing(void **state)
{
    (void)state;
    kill(server, SIGHUP);
    EVENTUALLY(log_says("configuration: reloaded"), 5000);
    expect_quiet();
    assert_int_equal(waitpid(server, NULL, WNOHANG), 0); /* it lives */
}

static void sigterm_and_restart_move_nothing(void **state)
{
    int status;

    (void)state;
    status = end_server(SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_quiet();
    start_server();
    expect_quiet();
}

static void sigterm_in_a_pulse_does_not_cut_it_short(void **state)
{
    int status;

    (void)state;
    assert_int_equal(start_session("").status, 201);
    EVENTUALLY(wire_level(RELAY) == 1, 5000);
    status = end_server(SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(wire_level(RELAY), 0);
    expect_one_good_pulse();
    start_server();
    expect_quiet();
}

static void kill_9_in_a_pulse_and_restart_do_not_pulse_again(void **state)
{
    struct answer answer;
    char path[320], id[256], text[256];

    (void)state;
    answer = start_session("");
    assert_int_equal(answer.status, 201);
    EVENTUALLY(wire_level(RELAY) == 1, 5000);
    end_server(SIGKILL);
    start_server();
    expect_quiet();
    rig_sleep_ms(1000);
    expect_quiet();
    snprintf(path, sizeof(path), "/v1/door-commands/%s", member(&answer, command_path, id));
    answer = call("GET", path, "", "");
    assert_int_equal(answer.status, 200);
    assert_string_equal(member(&answer, status_path, text), "expired");
}

static void a_stopped_process_is_killed_and_its_relay_released_within_a_second_of_the_watchdog(void **state)
{
    int64_t stopped_ms;

    (void)state;
    end_server(SIGTERM);
    service_manager_begin(WATCHDOG_MS);
    start_server();
    assert_int_equal(start_session("").status, 201);
    EVENTUALLY(wire_level(RELAY) == 1, 5000);
    kill(server, SIGSTOP);
    stopped_ms = rig_now_ms();
    assert_int_equal(service_manager_watch(server, PATIENCE_MS, RELEASE), 0);
    server = 0;
    assert_int_equal(wire_level(RELAY), 0);
    printf("         released %d ms after it was stopped\n", (int)(rig_now_ms() - stopped_ms));
    assert_true(rig_now_ms() - stopped_ms <= WATCHDOG_MS + 1000);
    service_manager_end();
    start_server();
    expect_quiet();
}

static void release_takes_no_line_from_the_runtime_and_names_it(void **state)
{
    char line[512] = "";
    FILE *output;

    (void)state;
    output = popen(RELEASE " in", "r");
    assert_non_null(output);
    assert_non_null(fgets(line, sizeof(line), output));
    assert_int_equal(WEXITSTATUS(pclose(output)), 1);
    assert_non_null(strstr(line, "held by \"ostler in\""));
    expect_quiet();
}

static void release_puts_a_line_that_was_left_energised_to_its_safe_level(void **state)
{
    (void)state;
    end_server(SIGKILL);
    wire_pull(RELAY, true); /* an output that nobody holds any more, and that is energised */
    assert_int_equal(wire_level(RELAY), 1);
    assert_int_equal(system(RELEASE), 0);
    assert_int_equal(relay_watch_finished(), starts_made + 1); /* it was seen released */
    wire_pull(RELAY, false);
    starts_made += 2; /* the wire was pulled up before and after: what the watch saw then was no doing of ours */
    EVENTUALLY(relay_watch_finished() == starts_made, 2000);
    start_server();
    expect_quiet();
}

static void a_chip_that_vanishes_makes_the_door_unreachable_and_the_process_stays_calm(void **state)
{
    int64_t gone_ms;
    struct answer answer;
    char text[256];
    long ticks;

    (void)state;
    chip_unplug();
    gone_ms = rig_now_ms();
    EVENTUALLY(strcmp(door_says(health_path, text), "unreachable") == 0, 5000);
    printf("         unreachable after %d ms\n", (int)(rig_now_ms() - gone_ms));
    assert_true(rig_now_ms() - gone_ms < 2000);
    answer = start_session("");
    assert_int_equal(answer.status, 503);
    assert_string_equal(member(&answer, code_path, text), "door_unreachable");
    ticks = server_ticks();
    rig_sleep_ms(3000);
    ticks = server_ticks() - ticks;
    printf("         %ld ms of processor time in 3 s without the chip\n", ticks * 1000 / sysconf(_SC_CLK_TCK));
    assert_true(ticks < 3 * sysconf(_SC_CLK_TCK) / 3);
}

static void it_comes_back_with_the_chip_and_nothing_moves(void **state)
{
    char text[256];

    (void)state;
    chip_plug();
    EVENTUALLY(strcmp(door_says(health_path, text), "ok") == 0, 5000);
    expect_quiet();
    assert_int_equal(start_session("").status, 201);
    expect_one_good_pulse();
    let_door_pass();
}

static void a_chip_that_vanishes_in_a_pulse_does_not_pulse_when_it_is_back(void **state)
{
    char text[256];

    (void)state;
    assert_int_equal(start_session("").status, 201);
    EVENTUALLY(wire_level(RELAY) == 1, 5000);
    chip_unplug();
    EVENTUALLY(strcmp(door_says(health_path, text), "unreachable") == 0, 2000);
    chip_plug();
    EVENTUALLY(strcmp(door_says(health_path, text), "ok") == 0, 5000);
    expect_quiet();
}

static void an_opening_nobody_asked_for_is_a_fault(void **state)
{
    char text[256];

    (void)state;
    EVENTUALLY(strcmp(door_says(position_path, text), "closed") == 0, 5000); /* the passage before is over */
    wire_pull(OPEN_SENSOR, true);
    EVENTUALLY(strstr(call("GET", "/v1/garages/g/doors/in", "", "").body, "moved_unasked"), 2000);
    wire_pull(OPEN_SENSOR, false);
    expect_quiet();
}

static void it_boots_without_a_chip_and_takes_it_when_it_comes(void **state)
{
    char text[256];

    (void)state;
    end_server(SIGTERM);
    chip_unplug();
    start_server();
    assert_string_equal(door_says(health_path, text), "unreachable");
    chip_plug();
    EVENTUALLY(strcmp(door_says(health_path, text), "ok") == 0, 5000);
    expect_quiet();
    end_server(SIGTERM);
}

/* ---- the whole ---- */

static int make_token(void)
{
    FILE *output = popen("ostler --config " CONFIG " token create --partner parkapp --scope sessions:write"
                         " --scope sessions:read --scope garages:read --json", "r");
    struct json_document *document = NULL;
    char text[2048], error[128];
    const char *made;
    size_t length;

    if (!output)
        return -1;
    length = fread(text, 1, sizeof(text) - 1, output);
    text[length] = '\0';
    if (pclose(output) != 0 || json_parse(text, length, 4, &document, error) != OST_OK) {
        fprintf(stderr, "token create says: %s\n", text);
        return -1;
    }
    made = json_as_string(json_member(json_root(document), "token"), NULL);
    snprintf(token, sizeof(token), "%s", made ? made : "");
    json_free(document);
    return token[0] ? 0 : -1;
}

static int set_up(void **state)
{
    FILE *file;

    (void)state;
    mkdir(FOLDER, 0700);
    mkdir(FOLDER "/policies", 0700);
    file = fopen(CONFIG, "w");
    if (!file || fputs(configuration, file) < 0 || fclose(file) != 0)
        return -1;
    relay_watch_start(RELAY);
    return make_token();
}

static int tear_down(void **state)
{
    (void)state;
    if (server > 0) {
        show_log();
        end_server(SIGKILL);
    }
    relay_watch_stop();
    return 0;
}

int main(void)
{
#define SCENARIO(name) cmocka_unit_test_setup(name, need_server)
    const struct CMUnitTest tests[] = {
        SCENARIO(boot_moves_nothing),
        SCENARIO(a_start_moves_the_relay_once_for_half_a_second),
        SCENARIO(the_sensor_decides_the_outcome),
        SCENARIO(sighup_moves_nothing),
        SCENARIO(sigterm_and_restart_move_nothing),
        SCENARIO(sigterm_in_a_pulse_does_not_cut_it_short),
        SCENARIO(kill_9_in_a_pulse_and_restart_do_not_pulse_again),
        SCENARIO(a_stopped_process_is_killed_and_its_relay_released_within_a_second_of_the_watchdog),
        SCENARIO(release_takes_no_line_from_the_runtime_and_names_it),
        SCENARIO(a_chip_that_vanishes_makes_the_door_unreachable_and_the_process_stays_calm),
        SCENARIO(it_comes_back_with_the_chip_and_nothing_moves),
        SCENARIO(an_opening_nobody_asked_for_is_a_fault),
        SCENARIO(a_chip_that_vanishes_in_a_pulse_does_not_pulse_when_it_is_back),
        SCENARIO(release_puts_a_line_that_was_left_energised_to_its_safe_level),
        SCENARIO(it_boots_without_a_chip_and_takes_it_when_it_comes),
    };

    setvbuf(stdout, NULL, _IOLBF, 0);
    return cmocka_run_group_tests_name("ostler serve with a gpiod door", tests, set_up, tear_down);
}
