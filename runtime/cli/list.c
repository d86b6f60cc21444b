#include <stdio.h>
#include <string.h>

#include "runtime/cli/cli.h"

/* Paths are not printed in errors: they hold plates. where stands before what the runtime says to it. */
static int change(struct cli *cli, const char *method, const char *list, const char *plate, const char *until, const char *note,
                  const char *where)
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
    code = cli_call(cli, method, path, strcmp(method, "PUT") == 0 ? text : NULL, &answer);
    if (code == EXIT_DONE)
        code = cli_judge(&answer, where);
    cli_answer_free(&answer);
    return code;
}

/* "2 put", or {"list":"residents","put":2}. */
static int conclude(const struct cli *cli, const char *list, const char *done, int count)
{
    char text[512];
    struct json_writer writer;

    if (!cli->json) {
        printf("%d %s\n", count, done);
        return EXIT_DONE;
    }
    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    json_put_string(&writer, "list", list);
    json_put_integer(&writer, done, count);
    json_end_object(&writer);
    printf("%.*s\n", (int)writer.length, text);
    return EXIT_DONE;
}

static int change_all(struct cli *cli, const char *method, const char *until, const char *done)
{
    for (int i = 1; i < cli->argument_count; i++) {
        char where[64] = "";
        int code;

        if (i > 1)
            snprintf(where, sizeof(where), "the first %d were %s, the next was not: ", i - 1, done);
        code = change(cli, method, cli->arguments[0], cli->arguments[i], until, NULL, where);
        if (code != EXIT_DONE)
            return code;
    }
    return conclude(cli, cli->arguments[0], done, cli->argument_count - 1);
}

int list_add(struct cli *cli)
{
    return change_all(cli, "PUT", cli_option(cli, "--until"), "put");
}

int list_remove(struct cli *cli)
{
    return change_all(cli, "DELETE", NULL, "removed");
}

/* residents.csv holds the list "residents". */
static const char *name_of_file(const char *path, char name[128])
{
    const char *slash = strrchr(path, '/');
    size_t length;

    snprintf(name, 128, "%s", slash ? slash + 1 : path);
    length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".csv") == 0)
        name[length - 4] = '\0';
    return name;
}

/* plate[,validUntil[,note]] a line; empty lines and lines that begin with # are left out. */
static int import_line(struct cli *cli, const char *list, char *line, const char *where)
{
    char *until = strchr(line, ',');
    char *note = NULL;

    if (until) {
        *until++ = '\0';
        note = strchr(until, ',');
        if (note)
            *note++ = '\0';
    }
    return change(cli, "PUT", list, line, until, note, where);
}

int list_import(struct cli *cli)
{
    const char *path = cli->arguments[cli->argument_count - 1];
    char name[128], line[1024], where[512];
    const char *list = cli->argument_count > 1 ? cli->arguments[0] : name_of_file(path, name);
    FILE *file = fopen(path, "r");
    int number = 0, imported = 0;
    int code = EXIT_DONE;

    if (!file)
        return cli_fail(EXIT_REFUSED, "cannot open %s", path);
    while (code == EXIT_DONE && fgets(line, sizeof(line), file)) {
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (!line[0] || line[0] == '#')
            continue;
        snprintf(where, sizeof(where), "line %d of %.300s was not taken, the %d before it were: ", number, path, imported);
        code = import_line(cli, list, line, where);
        imported += code == EXIT_DONE;
    }
    fclose(file);
    return code == EXIT_DONE ? conclude(cli, list, "imported", imported) : code;
}

static void print_entry(const struct json_value *entry)
{
    printf("%-16s %-26s %s\n", cli_text(entry, "plate"), cli_text(entry, "validUntil"), cli_text(entry, "note"));
}

int list_show(struct cli *cli)
{
    char path[256], name[200];

    cli_encode(cli->arguments[0], name, sizeof(name));
    snprintf(path, sizeof(path), "/v1/lists/%s", name);
    return cli_pages(cli, path, print_entry);
}
