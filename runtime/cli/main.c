#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/log.h"
#include "runtime/base/suggest.h"
#include "runtime/cli/cli.h"

const struct command commands[] = {
    {"serve", "run the garage in the foreground",
     "ostler serve\n    Runs until SIGTERM; SIGHUP reads the configuration and the policies again.\n", command_serve},
    {"demo", "a simulated garage to try",
     "ostler demo [DIR]\n    Starts a garage with three simulated doors and prints curl lines to paste.\n", command_demo},
    {"check", "look at everything and say what to do",
     "ostler check [--json]\n    Configuration, clock, disk, database, doors and policies: OK, WARN or FAIL each.\n", command_check},
    {"token", "make, list and revoke device tokens",
     "ostler token create --partner parkapp --scope sessions:write [--scope garages:read] [--expires 90d]\n"
     "ostler token list\nostler token revoke tok_0123456789abcdef\n", command_token},
    {"door", "doors of the running garage",
     "ostler door list\nostler door watch [DOOR]\nostler door open DOOR --reason \"Car with a broken phone\"\n"
     "ostler door simulate DOOR none|unreachable|stuck|slow|welded|bouncing\n"
     "ostler door maintain DOOR --minutes 30 --reason \"New relay\"\nostler door resume DOOR\n"
     "    DOOR is GARAGE/DOOR, or DOOR alone where that is unique.\n", command_door},
    {"session", "sessions of all partners",
     "ostler session list [--status active|ended]\nostler session show ID\nostler session stop ID --reason \"Phone is lost\"\n",
     command_session},
    {"list", "lists that policies read",
     "ostler list show NAME\nostler list add NAME PLATE... [--until 2027-01-01T00:00:00Z]\nostler list remove NAME PLATE...\n"
     "ostler list import NAME FILE.csv\n    A line of the file: plate[,validUntil[,note]].\n", command_list},
    {"db", "the database", "ostler db check\nostler db backup FILE\nostler db migrate\n", command_db},
    {"help", "this text, or examples of one command", "ostler help [COMMAND]\n", command_help},
    {"version", "the version", "ostler version\n", command_version},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

int command_version(struct cli *cli)
{
    if (cli->json)
        printf("{\"version\":\"%s\"}\n", OSTLER_VERSION);
    else
        printf("ostler %s\n", OSTLER_VERSION);
    return EXIT_DONE;
}

int command_help(struct cli *cli)
{
    for (size_t i = 0; i < command_count; i++) {
        if (cli->argument_count == 0)
            printf("%s  %-8s %s\n", i == 0 ? "ostler [--config FILE] [--json] COMMAND\n\n" : "", commands[i].name, commands[i].summary);
        else if (strcmp(commands[i].name, cli->arguments[0]) == 0)
            return printf("%s: %s\n\n%s", commands[i].name, commands[i].summary, commands[i].usage) < 0;
    }
    if (cli->argument_count == 0)
        return EXIT_DONE;
    return cli_fail(EXIT_USAGE, "there is no command '%s'; 'ostler help' lists them", cli->arguments[0]);
}

/* Options of all commands may stand anywhere. */
static int take_common_options(struct cli *cli, int count, char **arguments)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0) {
            cli->json = true;
        } else if (strcmp(arguments[i], "--config") == 0) {
            if (++i == count)
                return cli_fail(EXIT_USAGE, "--config needs a file");
            cli->configuration = arguments[i];
        } else {
            arguments[kept++] = arguments[i];
        }
    }
    cli->argument_count = kept;
    cli->arguments = arguments;
    return EXIT_DONE;
}

int main(int count, char **arguments)
{
    struct cli cli = {.program = arguments[0]};
    const char *names[sizeof(commands) / sizeof(commands[0]) + 1];
    const char *name;
    const char *close;
    int code;

    umask(027); /* databases and backups hold plates and hashes of tokens */
    log_configure(log_format_for_stderr(), LOG_LEVEL_INFO);
    code = take_common_options(&cli, count - 1, arguments + 1);
    if (code != EXIT_DONE)
        return code;
    if (cli.argument_count == 0)
        return command_help(&cli), EXIT_USAGE;
    name = cli.arguments[0];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    cli.arguments++;
    cli.argument_count--;
    for (size_t i = 0; i < command_count; i++) {
        names[i] = commands[i].name;
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(&cli);
    }
    names[command_count] = NULL;
    close = suggest(name, names);
    return close ? cli_fail(EXIT_USAGE, "there is no command '%s'; did you mean '%s'?", name, close)
                 : cli_fail(EXIT_USAGE, "there is no command '%s'; 'ostler help' lists them", name);
}
