#include "runtime/cli/arguments.h"

#include <string.h>

bool argument_next(const char **description, struct argument *out)
{
    const char *at = *description + strspn(*description, " ");

    memset(out, 0, sizeof(*out));
    if (!*at)
        return false;
    out->is_optional = *at == '[';
    at += out->is_optional;
    out->name = at;
    out->length = strcspn(at, " ].");
    out->is_option = strncmp(at, "--", 2) == 0;
    at += out->length;
    if (out->is_option && *at == ' ') {
        out->value = at + 1;
        out->value_length = strcspn(at + 1, " ].");
        at += 1 + out->value_length;
    }
    at += *at == ']';
    out->repeats = strncmp(at, "...", 3) == 0;
    at += out->repeats ? 3 : 0;
    *description = at;
    return true;
}

static bool find_option(const char *description, const char *name, struct argument *out)
{
    while (argument_next(&description, out)) {
        if (out->is_option && strlen(name) == out->length && strncmp(out->name, name, out->length) == 0)
            return true;
    }
    return false;
}

static bool is_given(const struct cli *cli, const struct argument *argument)
{
    for (size_t i = 0; i < cli->option_count; i++) {
        if (strlen(cli->options[i].name) == argument->length && strncmp(cli->options[i].name, argument->name, argument->length) == 0)
            return true;
    }
    return false;
}

/* The option at *at; *at moves to its last word. */
static int take_option(struct cli *cli, const struct command *command, const struct verb *verb, int count, int *at)
{
    const char *name = cli->arguments[*at];
    struct argument argument;

    if (!find_option(verb->arguments, name, &argument))
        return cli_fail(EXIT_USAGE, "there is no option '%s' here; see 'ostler help %s'", name, command->name);
    if (is_given(cli, &argument) && !argument.repeats)
        return cli_fail(EXIT_USAGE, "%s is given twice; see 'ostler help %s'", name, command->name);
    if (cli->option_count == CLI_OPTIONS_MAX || (argument.value && *at + 1 == count))
        return cli_fail(EXIT_USAGE, "%s needs %.*s; see 'ostler help %s'", name, (int)argument.value_length,
                        argument.value ? argument.value : "", command->name);
    cli->options[cli->option_count++] = (struct cli_option){.name = name, .value = argument.value ? cli->arguments[++*at] : ""};
    return EXIT_DONE;
}

/* Is everything there that must be, and nothing else? */
static int check_complete(const struct cli *cli, const struct command *command, const struct verb *verb)
{
    const char *description = verb->arguments;
    struct argument argument;
    int least = 0, most = 0;

    while (argument_next(&description, &argument)) {
        if (argument.is_option) {
            if (!argument.is_optional && !is_given(cli, &argument))
                return cli_fail(EXIT_USAGE, "%.*s %.*s is missing; see 'ostler help %s'", (int)argument.length, argument.name,
                                (int)argument.value_length, argument.value, command->name);
            continue;
        }
        least += !argument.is_optional;
        most = argument.repeats ? cli->argument_count : most + 1;
        if (!argument.is_optional && cli->argument_count < least)
            return cli_fail(EXIT_USAGE, "%.*s is missing; see 'ostler help %s'", (int)argument.length, argument.name, command->name);
    }
    if (cli->argument_count > most)
        return cli_fail(EXIT_USAGE, "'%s' is one argument too many; see 'ostler help %s'", cli->arguments[most], command->name);
    return EXIT_DONE;
}

int arguments_sort(struct cli *cli, const struct command *command, const struct verb *verb)
{
    int count = cli->argument_count;
    int code = EXIT_DONE;

    cli->argument_count = 0;
    for (int i = 0; i < count && code == EXIT_DONE; i++) {
        if (cli->arguments[i][0] == '-' && cli->arguments[i][1])
            code = take_option(cli, command, verb, count, &i);
        else
            cli->arguments[cli->argument_count++] = cli->arguments[i];
    }
    return code == EXIT_DONE ? check_complete(cli, command, verb) : code;
}
