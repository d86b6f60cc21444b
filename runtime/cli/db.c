#include <stdio.h>

#include "db/sqlite_tools.h"
#include "runtime/cli/cli.h"

#define PROBLEMS_BYTES 65536

/* What a check finds: a line each for people, an array for programs. */
struct findings {
    bool json;
    struct json_writer problems;
    char bytes[PROBLEMS_BYTES];
};

static void on_problem(void *context, const char *problem)
{
    struct findings *findings = context;

    if (findings->json)
        json_write_string(&findings->problems, problem);
    else
        printf("%s\n", problem);
}

/* One object of a text and, where number_name is not NULL, a number. */
static void print_object(const char *name, const char *text, const char *number_name, int number)
{
    char bytes[2 * PATH_BYTES];
    struct json_writer writer;

    json_writer_init(&writer, bytes, sizeof(bytes));
    json_begin_object(&writer);
    json_put_string(&writer, name, text);
    if (number_name)
        json_put_integer(&writer, number_name, number);
    json_end_object(&writer);
    printf("%.*s\n", (int)writer.length, bytes);
}

static int check(const char *path, bool json)
{
    static struct findings findings;
    char head[2 * PATH_BYTES];
    struct json_writer writer;
    size_t count = 0;
    enum ost_status status;

    findings.json = json;
    json_writer_init(&findings.problems, findings.bytes, sizeof(findings.bytes));
    status = sqlite_check(path, on_problem, &findings, &count);
    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, status == OST_NOT_FOUND ? "there is no database at %s; 'ostler serve' makes it" : "cannot check %s", path);
    if (json) {
        json_writer_init(&writer, head, sizeof(head));
        json_begin_object(&writer);
        json_put_string(&writer, "path", path);
        json_put_boolean(&writer, "sound", count == 0);
        printf("%.*s,\"problems\":[%.*s]}\n", (int)writer.length, head, (int)findings.problems.length, findings.bytes);
    } else if (count == 0) {
        printf("%s is sound\n", path);
    }
    if (count > 0)
        return cli_fail(EXIT_REFUSED, "%zu problems in %s; keep a copy of it, and restore a backup", count, path);
    return EXIT_DONE;
}

int db_check(struct cli *cli)
{
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    code = check(configuration->storage.path, cli->json);
    configuration_free(configuration);
    return code;
}

int db_backup(struct cli *cli)
{
    const char *copy = cli->arguments[0];
    enum ost_status status;
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    status = sqlite_backup(configuration->storage.path, copy);
    if (status != OST_OK)
        code = cli_fail(EXIT_REFUSED, "cannot copy %s to %s: %s; the copy must be a new file on a disk with room", configuration->storage.path, copy, ost_status_text(status));
    else
        code = EXIT_DONE;
    configuration_free(configuration);
    if (code == EXIT_DONE && cli->json)
        print_object("backup", copy, NULL, 0);
    else if (code == EXIT_DONE)
        printf("%s is a consistent copy\n", copy);
    return code;
}

static int migrate_now(const char *path, bool json)
{
    int version = 0;
    enum ost_status status = sqlite_migrate(path, &version);

    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, "cannot migrate %s: %s", path, ost_status_text(status));
    if (json)
        print_object("path", path, "version", version);
    else
        printf("%s is at version %d\n", path, version);
    return EXIT_DONE;
}

int db_migrate(struct cli *cli)
{
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    code = migrate_now(configuration->storage.path, cli->json);
    configuration_free(configuration);
    return code;
}
