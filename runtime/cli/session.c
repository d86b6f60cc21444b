#include <stdio.h>
#include <string.h>

#include "runtime/cli/cli.h"

static void print_session(const struct json_value *session)
{
    printf("%s  %-8s %-14s %-14s %-12s %s\n", cli_text(session, "sessionId"), cli_text(session, "status"),
           cli_text(session, "garageId"), cli_text(session, "partnerId"), cli_text(session, "licensePlate"),
           cli_text(session, "startedAt"));
}

static int list(struct cli *cli)
{
    const char *status = cli_option(cli, "--status");
    struct answer answer;
    char path[256], encoded[64];
    int code;

    cli_encode(status ? status : "", encoded, sizeof(encoded));
    snprintf(path, sizeof(path), "/v1/operations/sessions?limit=200%s%s", status ? "&status=" : "", encoded);
    if (cli_ask(cli, "GET", path, NULL, &answer, &code)) {
        const struct json_value *items = json_member(json_root(answer.document), "items");

        for (size_t i = 0; i < json_length(items); i++)
            print_session(json_element(items, i));
    }
    cli_answer_free(&answer);
    return code;
}

static int show(struct cli *cli, const char *id)
{
    struct answer answer;
    char path[256], encoded[128];
    int code;

    cli_encode(id, encoded, sizeof(encoded));
    snprintf(path, sizeof(path), "/v1/operations/sessions/%s", encoded);
    if (cli_ask(cli, "GET", path, NULL, &answer, &code))
        print_session(json_root(answer.document));
    cli_answer_free(&answer);
    return code;
}

static int stop(struct cli *cli, const char *id, const char *reason)
{
    struct answer answer;
    struct json_writer body;
    char path[256], encoded[128], text[1024];
    int code;

    if (!reason)
        return cli_fail(EXIT_USAGE, "say why: --reason \"...\"; it is audited");
    cli_encode(id, encoded, sizeof(encoded));
    snprintf(path, sizeof(path), "/v1/operations/sessions/%s/stop", encoded);
    json_writer_init(&body, text, sizeof(text) - 1);
    json_begin_object(&body);
    json_put_string(&body, "reason", reason);
    json_end_object(&body);
    text[body.overflow ? 0 : body.length] = '\0';
    if (cli_ask(cli, "POST", path, text, &answer, &code))
        print_session(json_root(answer.document));
    cli_answer_free(&answer);
    return code;
}

int command_session(struct cli *cli)
{
    const char *reason = cli_option(cli, "--reason");
    const char *what = cli->argument_count > 0 ? cli->arguments[0] : "";

    if (strcmp(what, "list") == 0)
        return list(cli);
    if (strcmp(what, "show") == 0 && cli->argument_count == 2)
        return show(cli, cli->arguments[1]);
    if (strcmp(what, "stop") == 0 && cli->argument_count == 2)
        return stop(cli, cli->arguments[1], reason);
    return cli_usage("session");
}
