#include <stdio.h>

#include "runtime/cli/cli.h"

static void print_session(const struct json_value *session)
{
    printf("%s  %-8s %-14s %-14s %-12s %s\n", cli_text(session, "sessionId"), cli_text(session, "status"),
           cli_text(session, "garageId"), cli_text(session, "partnerId"), cli_text(session, "licensePlate"),
           cli_text(session, "startedAt"));
}

int session_list(struct cli *cli)
{
    const char *status = cli_option(cli, "--status");
    char path[256], encoded[64];

    cli_encode(status ? status : "", encoded, sizeof(encoded));
    snprintf(path, sizeof(path), "/v1/operations/sessions%s%s", status ? "?status=" : "", encoded);
    return cli_pages(cli, path, print_session);
}

int session_show(struct cli *cli)
{
    struct answer answer;
    char path[256], encoded[128];
    int code;

    cli_encode(cli->arguments[0], encoded, sizeof(encoded));
    snprintf(path, sizeof(path), "/v1/operations/sessions/%s", encoded);
    if (cli_ask(cli, "GET", path, NULL, &answer, &code))
        print_session(json_root(answer.document));
    cli_answer_free(&answer);
    return code;
}

int session_stop(struct cli *cli)
{
    const char *door = cli_option(cli, "--door");
    struct answer answer;
    struct json_writer body;
    char path[256], encoded[128], text[2048];
    int code;

    cli_encode(cli->arguments[0], encoded, sizeof(encoded));
    snprintf(path, sizeof(path), "/v1/operations/sessions/%s/stop", encoded);
    json_writer_init(&body, text, sizeof(text) - 1);
    json_begin_object(&body);
    json_put_string(&body, "reason", cli_option(cli, "--reason"));
    if (door)
        json_put_string(&body, "doorId", door);
    if (cli_flag(cli, "--no-open"))
        json_put_boolean(&body, "openDoor", false);
    json_end_object(&body);
    if (body.overflow)
        return cli_fail(EXIT_USAGE, "the reason is too long; a line of it is enough");
    text[body.length] = '\0';
    if (cli_ask(cli, "POST", path, text, &answer, &code))
        print_session(json_root(answer.document));
    cli_answer_free(&answer);
    return code;
}
