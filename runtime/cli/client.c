/* A client for the runtime on this machine: one request a connection, HTTP/1.1 with Connection: close. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/cli/cli.h"

#define ANSWER_MAX (4 * 1024 * 1024)

static int connect_to(const char *address)
{
    char host[80];
    const char *colon = strrchr(address, ':');
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    struct timeval patience = {.tv_sec = 15};
    int file = -1;

    if (!colon)
        return -1;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    if (host[0] == '[') {
        memmove(host, host + 1, strlen(host));
        host[strcspn(host, "]")] = '\0';
    }
    if (strcmp(host, "0.0.0.0") == 0)
        snprintf(host, sizeof(host), "127.0.0.1");
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -1;
    file = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0) {
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (connect(file, found->ai_addr, found->ai_addrlen) != 0) {
            close(file);
            file = -1;
        }
    }
    freeaddrinfo(found);
    return file;
}

static bool send_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(file, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        }
    }
    return true;
}

/* Everything until the other side closes; NULL on an error. */
static char *receive_all(int file, size_t *length)
{
    size_t capacity = 65536;
    char *bytes = malloc(capacity + 1);
    ssize_t got = 1;

    *length = 0;
    while (bytes && got > 0 && *length < ANSWER_MAX) {
        if (*length == capacity) {
            char *grown = realloc(bytes, capacity * 2 + 1);

            if (!grown)
                break;
            bytes = grown;
            capacity *= 2;
        }
        got = recv(file, bytes + *length, capacity - *length, 0);
        if (got > 0)
            *length += (size_t)got;
    }
    if (bytes)
        bytes[*length] = '\0';
    return bytes;
}

static bool parse(char *bytes, size_t length, struct answer *answer)
{
    char *body = strstr(bytes, "\r\n\r\n");
    char error[128];

    if (!body || sscanf(bytes, "HTTP/1.%*d %d", &answer->status) != 1)
        return false;
    body += 4;
    answer->length = length - (size_t)(body - bytes);
    answer->body = malloc(answer->length + 1);
    if (!answer->body)
        return false;
    memcpy(answer->body, body, answer->length + 1);
    if (json_parse(answer->body, answer->length, 32, &answer->document, error) != OST_OK)
        answer->document = NULL;
    return true;
}

/* The token and address that the runtime left, once found. Returns an exit code; what is missing has been said. */
static int find_runtime(struct cli *cli)
{
    char folder[PATH_BYTES];
    int code;
    struct configuration *configuration;
    enum ost_status status;

    if (cli->runtime_address[0])
        return EXIT_DONE;
    configuration = cli_configuration(cli, &code);
    if (!configuration)
        return code;
    status = state_find_cli(configuration_path(cli->configuration), configuration, cli->runtime_token, cli->runtime_address, folder);
    configuration_free(configuration);
    if (status == OST_OK)
        return EXIT_DONE;
    cli->runtime_address[0] = '\0';
    return cli_fail(EXIT_UNREACHABLE, status == OST_NOT_FOUND ? "no runtime was started here yet: run 'ostler serve' (looked in %s)"
                                                              : "cannot read cli.token in %s; run as root or as the ostler user",
                    folder);
}

int cli_call(struct cli *cli, const char *method, const char *path, const char *body, struct answer *answer)
{
    const char *address = cli->runtime_address;
    size_t body_length = body ? strlen(body) : 0;
    char *request;
    char *bytes = NULL;
    size_t length = 0;
    bool fine = false;
    int file;
    int code;

    memset(answer, 0, sizeof(*answer));
    code = find_runtime(cli);
    if (code != EXIT_DONE)
        return code;
    file = connect_to(address);
    request = malloc(body_length + 4096);
    if (file >= 0 && request) {
        int head = snprintf(request, 4096,
                            "%s %.2000s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                            method, path, address, cli->runtime_token, body_length);

        memcpy(request + head, body ? body : "", body_length);
        if (send_all(file, request, (size_t)head + body_length))
            bytes = receive_all(file, &length);
        fine = bytes && parse(bytes, length, answer);
    }
    if (!fine) {
        code = cli_fail(EXIT_UNREACHABLE, "the runtime does not answer at %s; is it running? 'systemctl status ostler' tells", address);
        cli->runtime_address[0] = '\0'; /* it may come back with another address and token */
    }
    free(bytes);
    free(request);
    if (file >= 0)
        close(file);
    return code;
}

void cli_answer_free(struct answer *answer)
{
    json_free(answer->document);
    free(answer->body);
    memset(answer, 0, sizeof(*answer));
}

int cli_judge(const struct answer *answer, const char *where)
{
    const struct json_value *problem = answer->document ? json_root(answer->document) : NULL;
    const struct json_value *errors = json_member(problem, "errors");

    if (answer->status >= 200 && answer->status < 300)
        return EXIT_DONE;
    if (json_length(errors) > 0)
        return cli_fail(EXIT_REFUSED, "%s%s %s", where, cli_text(json_element(errors, 0), "pointer"), cli_text(json_element(errors, 0), "detail"));
    return cli_fail(EXIT_REFUSED, "%s%s (%s)", where, problem ? cli_text(problem, "detail") : "refused", problem ? cli_text(problem, "code") : "");
}

bool cli_ask(struct cli *cli, const char *method, const char *path, const char *body, struct answer *answer, int *code)
{
    *code = cli_call(cli, method, path, body, answer);
    if (*code != EXIT_DONE)
        return false;
    *code = cli_judge(answer, "");
    if (*code == EXIT_DONE && cli->json)
        printf("%s\n", answer->length > 0 ? answer->body : "{}");
    return *code == EXIT_DONE && !cli->json;
}
