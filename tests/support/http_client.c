#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool client_init(struct http_client *client, const char *address)
{
    const char *colon = strrchr(address, ':');

    memset(client, 0, sizeof(*client));
    client->file = -1;
    client->timeout_ms = 15000;
    client->buffer = malloc(CLIENT_BYTES + 1);
    if (!client->buffer || !colon)
        return false;
    snprintf(client->host, sizeof(client->host), "%.*s", (int)(colon - address), address);
    client->port = atoi(colon + 1);
    return true;
}

void client_close(struct http_client *client)
{
    if (client->file >= 0)
        close(client->file);
    client->file = -1;
}

void client_finish(struct http_client *client)
{
    client_close(client);
    free(client->buffer);
    client->buffer = NULL;
}

int client_connect(const char *host, int port, const char *source)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    inet_pton(AF_INET, host, &address.sin_addr);
    if (source[0]) {
        inet_pton(AF_INET, source, &from.sin_addr);
        if (bind(file, (struct sockaddr *)&from, sizeof(from)) != 0) {
            close(file);
            return -1;
        }
    }
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(file, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(file);
        return -1;
    }
    return file;
}

static bool send_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(file, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static ssize_t receive(struct http_client *client, size_t have, long deadline_ms)
{
    struct pollfd wait = {.fd = client->file, .events = POLLIN};
    long left_ms = deadline_ms - now_ms();

    if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) <= 0)
        return -1;
    return recv(client->file, client->buffer + have, CLIENT_BYTES - have, 0);
}

/* One whole answer. 100 Continue is passed over. */
static bool read_answer(struct http_client *client, bool is_head)
{
    long deadline_ms = now_ms() + client->timeout_ms;
    size_t have = 0;
    char *end = NULL;
    size_t length = 0;
    char value[32];

    client->status = 0;
    for (;;) {
        ssize_t got;

        client->buffer[have] = '\0';
        end = strstr(client->buffer, "\r\n\r\n");
        if (end && strncmp(client->buffer, "HTTP/1.1 100", 12) == 0) {
            have -= (size_t)(end + 4 - client->buffer);
            memmove(client->buffer, end + 4, have);
            continue;
        }
        if (end) {
            client->head = client->buffer;
            client->body = end + 4;
            length = client_header(client, "Content-Length", value, sizeof(value)) && !is_head ? (size_t)atol(value) : 0;
            if (have >= (size_t)(end + 4 - client->buffer) + length)
                break;
        }
        if (have == CLIENT_BYTES)
            return false;
        got = receive(client, have, deadline_ms);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    end[2] = '\0';
    client->body_length = length;
    ((char *)(size_t)client->body)[length] = '\0';
    if (sscanf(client->buffer, "HTTP/1.%*d %d", &client->status) != 1)
        return false;
    if (client_header(client, "Connection", value, sizeof(value)) && strcasecmp(value, "close") == 0)
        client_close(client);
    return true;
}

bool client_raw(struct http_client *client, const char *bytes, size_t length)
{
    if (client->file < 0)
        client->file = client_connect(client->host, client->port, client->source);
    if (client->file < 0 || !send_all(client->file, bytes, length) || !read_answer(client, strncmp(bytes, "HEAD ", 5) == 0)) {
        client_close(client);
        client->status = 0;
        return false;
    }
    return true;
}

/* Has the other side closed a kept connection meanwhile? */
static bool is_stale(int file)
{
    char byte;

    return recv(file, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool client_call(struct http_client *client, const char *method, const char *path, const char *token, const char *headers,
                 const char *body)
{
    size_t body_length = body ? strlen(body) : 0;
    char *request = malloc(body_length + strlen(headers) + 4096);
    int head;
    bool fine;

    if (!request)
        return false;
    if (client->file >= 0 && is_stale(client->file))
        client_close(client);
    head = snprintf(request, 2048 + strlen(path), "%s %s HTTP/1.1\r\nHost: garage\r\n", method, path);
    if (token)
        head += snprintf(request + head, 512, "Authorization: Bearer %s\r\n", token);
    if (body)
        head += snprintf(request + head, 512, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body_length);
    head += sprintf(request + head, "%s\r\n", headers);
    memcpy(request + head, body ? body : "", body_length);
    fine = client_raw(client, request, (size_t)head + body_length);
    free(request);
    return fine;
}

bool client_header(const struct http_client *client, const char *name, char *value, size_t bytes)
{
    const char *line = client->buffer;
    size_t length = strlen(name);

    while ((line = strstr(line, "\r\n")) && line < client->body) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1 + strspn(line + length + 1, " ");
            snprintf(value, bytes, "%.*s", (int)strcspn(line, "\r"), line);
            return true;
        }
    }
    return false;
}

void client_member(const struct http_client *client, const char *name, char *value, size_t bytes)
{
    char quoted[80];
    const char *found;

    snprintf(quoted, sizeof(quoted), "\"%s\":\"", name);
    found = strstr(client->body, quoted);
    value[0] = '\0';
    if (found) {
        found += strlen(quoted);
        snprintf(value, bytes, "%.*s", (int)strcspn(found, "\""), found);
    }
}
