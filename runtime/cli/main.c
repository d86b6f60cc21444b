#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/log.h"
#include "runtime/base/suggest.h"
#include "runtime/cli/arguments.h"

#define VERBS_MAX 32

/* Options of all commands may stand anywhere. */
static int take_common_options(struct cli *cli, int count, char **arguments)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0) {
            cli->json = true;
        } else if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
            cli->help = true;
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

static const char *take_word(struct cli *cli)
{
    cli->argument_count--;
    return *cli->arguments++;
}

static const struct command *find_command(const char *name)
{
    const char *names[32] = {NULL};
    const char *close;

    for (size_t i = 0; i < command_count; i++) {
        names[i] = commands[i].name;
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    close = suggest(name, names);
    if (close)
        cli_fail(EXIT_USAGE, "there is no command '%s'; did you mean '%s'?", name, close);
    else
        cli_fail(EXIT_USAGE, "there is no command '%s'; 'ostler help' lists them", name);
    return NULL;
}

/* NULL: it has been said what is wrong. */
static const struct verb *find_verb(struct cli *cli, const struct command *command)
{
    const char *names[VERBS_MAX] = {NULL};
    const char *close = NULL;
    const char *name;
    size_t count = 0;

    if (!command->verbs[0].name[0])
        return &command->verbs[0];
    name = cli->argument_count > 0 ? take_word(cli) : "";
    for (const struct verb *verb = command->verbs; verb->name && count + 1 < VERBS_MAX; verb++) {
        names[count++] = verb->name;
        if (strcmp(verb->name, name) == 0)
            return verb;
    }
    if (name[0])
        close = suggest(name, names);
    if (close)
        cli_fail(EXIT_USAGE, "there is no '%s %s'; did you mean '%s %s'?", command->name, name, command->name, close);
    else if (name[0])
        cli_fail(EXIT_USAGE, "there is no '%s %s'; see 'ostler help %s'", command->name, name, command->name);
    else
        cli_fail(EXIT_USAGE, "say what '%s' shall do; see 'ostler help %s'", command->name, command->name);
    return NULL;
}

int main(int count, char **arguments)
{
    struct cli cli = {.program = arguments[0]};
    const struct command *command;
    const struct verb *verb;
    const char *name;
    int code;

    umask(027); /* databases and backups hold plates and hashes of tokens */
    log_configure(log_format_for_stderr(), LOG_LEVEL_INFO);
    code = take_common_options(&cli, count - 1, arguments + 1);
    if (code != EXIT_DONE)
        return code;
    if (cli.argument_count == 0)
        return command_help(&cli) == EXIT_DONE && cli.help ? EXIT_DONE : EXIT_USAGE;
    name = take_word(&cli);
    command = find_command(strcmp(name, "--version") == 0 ? "version" : name);
    if (!command)
        return EXIT_USAGE;
    if (cli.help) {
        help_of(command);
        return EXIT_DONE;
    }
    verb = find_verb(&cli, command);
    if (!verb)
        return EXIT_USAGE;
    code = arguments_sort(&cli, command, verb);
    return code == EXIT_DONE ? verb->run(&cli) : code;
}
