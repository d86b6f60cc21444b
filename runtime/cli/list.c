#include <stdio.h>
#include <string.h>

#include "runtime/cli/cli.h"

/* Paths are not printed in errors: they hold plates. */
static int change(struct cli *cli, const char *method, const char *list, const char *plate, const char *until, const char *note)
{
    char path[2048], name[200], entry[1600], text[1024];
    struct json_writer body;
    struct answer answer;
    int code;

    cli_encode(list, name, sizeof(name));
    cli_encode(plate, entry, sizeof(entry));
    snprintf(path, sizeof(path), "/v1/lists/%s/entries/%s", name, entry);
    json_writer_init(&body, text, sizeof(text) - 1);
    json_begin_object(&body);
    if (until && until[0])
        json_put_string(&body, "validUntil", until);
    if (note && note[0])
        json_put_string(&body, "note", note);
    json_end_object(&body);
    text[body.overflow ? 0 : body.length] = '\0';
    cli_ask(cli, method, path, strcmp(method, "PUT") == 0 ? text : NULL, &answer, &code);
    cli_answer_free(&answer);
    return code;
}

static int change_all(struct cli *cli, const char *method, const char *until)
{
    int code = EXIT_DONE;

    for (int i = 2; i < cli->argument_count && code == EXIT_DONE; i++)
        code = change(cli, method, cli->arguments[1], cli->arguments[i], until, NULL);
    if (code == EXIT_DONE && !cli->json)
        printf("%d %s\n", cli->argument_count - 2, strcmp(method, "PUT") == 0 ? "put" : "removed");
    return code;
}

/* plate[,validUntil[,note]] a line; empty lines and lines that begin with # are left out. */
static int import(struct cli *cli, const char *list, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[1024];
    int number = 0, imported = 0;
    int code = EXIT_DONE;

    if (!file)
        return cli_fail(EXIT_REFUSED, "cannot open %s", path);
    while (code == EXIT_DONE && fgets(line, sizeof(line), file)) {
        char *until, *note = NULL;

        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (!line[0] || line[0] == '#')
            continue;
        until = strchr(line, ',');
        if (until) {
            *until++ = '\0';
            note = strchr(until, ',');
            if (note)
                *note++ = '\0';
        }
        code = change(cli, "PUT", list, line, until, note);
        imported += code == EXIT_DONE;
    }
    fclose(file);
    if (code != EXIT_DONE)
        return cli_fail(code, "line %d of %s was not taken; the %d before it were", number, path, imported);
    if (!cli->json)
        printf("%d imported\n", imported);
    return EXIT_DONE;
}

static int show(struct cli *cli, const char *list)
{
    char path[2600], name[200], cursor[2048] = "";
    struct answer answer;
    int code;

    cli_encode(list, name, sizeof(name));
    do {
        snprintf(path, sizeof(path), "/v1/lists/%s?limit=200%s%s", name, cursor[0] ? "&cursor=" : "", cursor);
        cursor[0] = '\0';
        if (cli_ask(cli, "GET", path, NULL, &answer, &code)) {
            const struct json_value *page = json_root(answer.document);
            const struct json_value *items = json_member(page, "items");
            const char *next = json_as_string(json_member(page, "nextCursor"), NULL);

            for (size_t i = 0; i < json_length(items); i++)
                printf("%-16s %-26s %s\n", cli_text(json_element(items, i), "plate"),
                       cli_text(json_element(items, i), "validUntil"), cli_text(json_element(items, i), "note"));
            snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        }
        cli_answer_free(&answer);
    } while (cursor[0]);
    return code;
}

int command_list(struct cli *cli)
{
    const char *until = cli_option(cli, "--until");
    const char *what = cli->argument_count > 0 ? cli->arguments[0] : "";

    if (strcmp(what, "show") == 0 && cli->argument_count == 2)
        return show(cli, cli->arguments[1]);
    if (strcmp(what, "add") == 0 && cli->argument_count > 2)
        return change_all(cli, "PUT", until);
    if (strcmp(what, "remove") == 0 && cli->argument_count > 2)
        return change_all(cli, "DELETE", NULL);
    if (strcmp(what, "import") == 0 && cli->argument_count == 3)
        return import(cli, cli->arguments[1], cli->arguments[2]);
    return cli_usage("list");
}
