/*
 * bench-load: keep-alive connections that start and stop sessions and ask for free spots.
 *
 *   bench-load ADDRESS TOKEN... [--connections N] [--seconds S] [--mix START:STOP:ASK] [--rate R] [--doors D] [--run N]
 *
 * Closed loop: each connection sends its next request when the answer came. Open loop (--rate, requests a second in
 * all): each request has its time, and its latency counts from that time on, whether it could be sent then or not; so a
 * stalled server is not spared (no coordinated omission). A connection stops what it started; with nothing to stop it
 * starts. Connections share the tokens; each run of one garage wants a number of its own, as users must differ. Prints
 * a name and a number on each line. An answer that is not expected ends it with status 1.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/histogram.h"
#include "tests/bench/sample.h"

enum operation { START, STOP, ASK, OPERATIONS };
static const char *const names[] = {"start", "stop", "ask"};
#define HELD_MAX   64
#define TOKENS_MAX 64

struct settings {
    char host[64];
    int port;
    const char *tokens[TOKENS_MAX];
    int token_count, connections, doors, run;
    double seconds, rate;
    int mix[OPERATIONS];
};

struct connection {
    pthread_t thread;
    const struct settings *settings;
    int number, file;
    unsigned seed;
    unsigned long made;      /* sessions so far: part of users and plates */
    char held[HELD_MAX][40]; /* running sessions */
    int held_count;
    struct histogram latency[OPERATIONS];
    unsigned long refused; /* 503 and 409 garage_full: counted, not failed */
    bool failed;
    char failure[300];
    int64_t began_ns, ends_ns;
    double interval_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int connect_to(const struct settings *settings)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)settings->port)};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 20};
    int one = 1;

    inet_pton(AF_INET, settings->host, &address.sin_addr);
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(file, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("connect");
        exit(1);
    }
    return file;
}

/* Read one answer; its status, 0 for none. */
static int receive(int file, char *buffer, size_t bytes)
{
    size_t have = 0;
    size_t want = 0;

    while (want == 0 || have < want) {
        ssize_t got = recv(file, buffer + have, bytes - 1 - have, 0);
        char *end;

        if (got <= 0)
            return 0;
        have += (size_t)got;
        buffer[have] = '\0';
        if (want == 0 && (end = strstr(buffer, "\r\n\r\n"))) {
            const char *length = strstr(buffer, "Content-Length: ");

            want = (size_t)(end + 4 - buffer) + (length && length < end ? (size_t)atol(length + 16) : 0);
        }
    }
    return atoi(buffer + 9);
}

static size_t write_request(struct connection *connection, enum operation operation, char *request, size_t bytes)
{
    const struct settings *settings = connection->settings;
    const char *token = settings->tokens[connection->number % settings->token_count];
    int door = connection->number % settings->doors;
    char target[80] = "/v1/sessions";
    char body[256];
    struct sample sample;

    if (operation == ASK)
        return (size_t)snprintf(
            request, bytes,
            "GET /v1/garages/north/availability HTTP/1.1\r\nHost: garage\r\nAuthorization: Bearer %s\r\n\r\n", token);
    if (operation == START) {
        sample_make((uint64_t)(settings->run + 1) << 48 | (uint64_t)connection->number << 32 | connection->made++,
                    &sample);
        snprintf(body, sizeof(body),
                 "{\"garageId\":\"north\",\"userId\":\"%s\",\"licensePlate\":\"%s\",\"doorId\":\"in-%d\"}",
                 sample.user_id, sample.plate, door);
    } else {
        snprintf(target, sizeof(target), "/v1/sessions/%s/stop", connection->held[0]);
        snprintf(body, sizeof(body), "{\"doorId\":\"out-%d\"}", door);
    }
    return (size_t)snprintf(request, bytes,
                            "POST %s HTTP/1.1\r\nHost: garage\r\nAuthorization: Bearer %s\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                            target, token, strlen(body), body);
}

static void judge(struct connection *connection, enum operation operation, int status, const char *answer)
{
    static const int expected[] = {201, 200, 200};
    const char *id;

    if (operation == STOP) { /* whatever became of it: it is not asked for again */
        connection->held_count--;
        memmove(connection->held[0], connection->held[1], (size_t)connection->held_count * sizeof(connection->held[0]));
    }
    if (status == 503) {
        connection->refused++;
    } else if (status != expected[operation]) {
        connection->failed = true;
        snprintf(connection->failure, sizeof(connection->failure), "%s was answered %d: %.200s", names[operation],
                 status, status ? answer : "");
    } else if (operation == START && (id = strstr(answer, "\"sessionId\":\""))) {
        memcpy(connection->held[connection->held_count], id + 13, 36);
        connection->held[connection->held_count++][36] = '\0';
    }
}

static enum operation choose(struct connection *connection)
{
    const int *mix = connection->settings->mix;
    int dice = rand_r(&connection->seed) % (mix[START] + mix[STOP] + mix[ASK]);
    enum operation operation = dice < mix[START] ? START : dice < mix[START] + mix[STOP] ? STOP : ASK;

    if (operation == STOP && connection->held_count == 0)
        operation = mix[START] ? START : ASK;
    else if (operation == START && connection->held_count == HELD_MAX)
        operation = STOP;
    return operation;
}

static void sleep_until(int64_t when_ns)
{
    struct timespec until = {.tv_sec = when_ns / 1000000000, .tv_nsec = when_ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        ;
}

static void *run(void *context)
{
    struct connection *connection = context;
    double due_ns =
        (double)connection->began_ns + connection->interval_ns * connection->number / connection->settings->connections;
    char request[1024], answer[8192];

    while (!connection->failed) {
        enum operation operation = choose(connection);
        size_t length = write_request(connection, operation, request, sizeof(request));
        int64_t began_ns = now_ns();
        int status;

        if (connection->interval_ns > 0) {
            due_ns += connection->interval_ns;
            if (due_ns >= (double)connection->ends_ns)
                break;
            if (began_ns < (int64_t)due_ns)
                sleep_until((int64_t)due_ns);
            began_ns = (int64_t)due_ns;
        } else if (began_ns >= connection->ends_ns) {
            break;
        }
        if (send(connection->file, request, length, MSG_NOSIGNAL) != (ssize_t)length) {
            connection->failed = true;
            break;
        }
        status = receive(connection->file, answer, sizeof(answer));
        histogram_add(&connection->latency[operation], now_ns() - began_ns);
        judge(connection, operation, status, answer);
    }
    return NULL;
}

static void print_latency(const char *name, const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};

    printf("%s_count %llu\n", name, (unsigned long long)histogram->total);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
        printf("%s_%s_us %.1f\n", name, quantiles[i].name,
               (double)histogram_quantile(histogram, quantiles[i].share) / 1e3);
}

static int report(struct connection *connections, const struct settings *settings, double seconds)
{
    static struct histogram merged[OPERATIONS], writes, all;
    unsigned long refused = 0;
    int failed = 0;

    for (int i = 0; i < settings->connections; i++) {
        for (int operation = 0; operation < OPERATIONS; operation++)
            histogram_merge(&merged[operation], &connections[i].latency[operation]);
        refused += connections[i].refused;
        if (connections[i].failed && failed++ == 0)
            fprintf(stderr, "bench-load: %s\n", connections[i].failure);
    }
    histogram_merge(&writes, &merged[START]);
    histogram_merge(&writes, &merged[STOP]);
    histogram_merge(&all, &writes);
    histogram_merge(&all, &merged[ASK]);
    printf("seconds %.3f\nall_per_second %.0f\nwrites_per_second %.0f\nrefused %lu\n", seconds,
           (double)all.total / seconds, (double)writes.total / seconds, refused);
    for (int operation = 0; operation < OPERATIONS; operation++)
        print_latency(names[operation], &merged[operation]);
    print_latency("writes", &writes);
    print_latency("all", &all);
    return failed ? 1 : 0;
}

/* False: there is no such option. */
static bool set_option(struct settings *settings, const char *name, const char *value)
{
    if (strcmp(name, "--connections") == 0)
        settings->connections = atoi(value);
    else if (strcmp(name, "--seconds") == 0)
        settings->seconds = atof(value);
    else if (strcmp(name, "--rate") == 0)
        settings->rate = atof(value);
    else if (strcmp(name, "--doors") == 0)
        settings->doors = atoi(value);
    else if (strcmp(name, "--run") == 0)
        settings->run = atoi(value);
    else if (strcmp(name, "--mix") == 0)
        return sscanf(value, "%d:%d:%d", &settings->mix[START], &settings->mix[STOP], &settings->mix[ASK]) == 3;
    else
        return false;
    return true;
}

static bool parse(int count, char **arguments, struct settings *settings)
{
    int i = 2;

    *settings = (struct settings){.connections = 64, .doors = 1, .seconds = 5, .mix = {45, 45, 10}};
    if (count < 3 || sscanf(arguments[1], "%63[^:]:%d", settings->host, &settings->port) != 2)
        return false;
    while (i < count && arguments[i][0] != '-' && settings->token_count < TOKENS_MAX)
        settings->tokens[settings->token_count++] = arguments[i++];
    for (; i + 1 < count; i += 2) {
        if (!set_option(settings, arguments[i], arguments[i + 1]))
            return false;
    }
    return i == count && settings->token_count > 0 && settings->connections > 0 && settings->doors > 0;
}

int main(int count, char **arguments)
{
    struct settings settings;
    struct connection *connections;
    int64_t began_ns;

    if (!parse(count, arguments, &settings)) {
        fprintf(stderr,
                "usage: bench-load ADDRESS TOKEN... [--connections N] [--seconds S] [--mix START:STOP:ASK] [--rate R]\n"
                "                  [--doors D] [--run N]\n");
        return 2;
    }
    connections = calloc((size_t)settings.connections, sizeof(*connections));
    if (!connections)
        return 1;
    for (int i = 0; i < settings.connections; i++)
        connections[i].file = connect_to(&settings);
    began_ns = now_ns();
    for (int i = 0; i < settings.connections; i++) {
        connections[i].settings = &settings;
        connections[i].number = i;
        connections[i].seed = (unsigned)i + 1;
        connections[i].began_ns = began_ns;
        connections[i].ends_ns = began_ns + (int64_t)(settings.seconds * 1e9);
        connections[i].interval_ns = settings.rate > 0 ? 1e9 * settings.connections / settings.rate : 0;
        pthread_create(&connections[i].thread, NULL, run, &connections[i]);
    }
    for (int i = 0; i < settings.connections; i++)
        pthread_join(connections[i].thread, NULL);
    return report(connections, &settings, (double)(now_ns() - began_ns) / 1e9);
}
