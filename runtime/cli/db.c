#include <stdio.h>
#include <string.h>

#include "db/sqlite_tools.h"
#include "runtime/cli/cli.h"

static void print_problem(void *context, const char *problem)
{
    (void)context;
    printf("%s\n", problem);
}

static int check(const char *path)
{
    size_t problems = 0;
    enum ost_status status = sqlite_check(path, print_problem, NULL, &problems);

    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, status == OST_NOT_FOUND ? "there is no database at %s; 'ostler serve' makes it" : "cannot check %s", path);
    if (problems > 0)
        return cli_fail(EXIT_REFUSED, "%zu problems in %s; keep a copy of it, and restore a backup", problems, path);
    printf("%s is sound\n", path);
    return EXIT_DONE;
}

static int backup(const char *path, const char *copy)
{
    enum ost_status status = sqlite_backup(path, copy);

    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, "cannot copy %s to %s: %s; the copy must be a new file on a disk with room", path, copy, ost_status_text(status));
    printf("%s is a consistent copy\n", copy);
    return EXIT_DONE;
}

static int migrate_now(const char *path)
{
    int version = 0;
    enum ost_status status = sqlite_migrate(path, &version);

    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, "cannot migrate %s: %s", path, ost_status_text(status));
    printf("%s is at version %d\n", path, version);
    return EXIT_DONE;
}

int command_db(struct cli *cli)
{
    const char *what = cli->argument_count > 0 ? cli->arguments[0] : "";
    int code;
    struct configuration *configuration = cli_configuration(cli, &code);

    if (!configuration)
        return code;
    if (strcmp(what, "check") == 0 && cli->argument_count == 1)
        code = check(configuration->storage.path);
    else if (strcmp(what, "backup") == 0 && cli->argument_count == 2)
        code = backup(configuration->storage.path, cli->arguments[1]);
    else if (strcmp(what, "migrate") == 0 && cli->argument_count == 1)
        code = migrate_now(configuration->storage.path);
    else
        code = cli_usage("db");
    configuration_free(configuration);
    return code;
}
