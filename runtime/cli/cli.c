#include "runtime/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/app/runtime.h"
#include "runtime/app/state.h"

int cli_fail(int code, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "ostler: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return code;
}

int cli_usage(const char *command)
{
    return cli_fail(EXIT_USAGE, "see 'ostler help %s'", command);
}

static void take_out(struct cli *cli, int at, int count)
{
    for (int i = at; i + count < cli->argument_count; i++)
        cli->arguments[i] = cli->arguments[i + count];
    cli->argument_count -= count;
}

const char *cli_option(struct cli *cli, const char *name)
{
    for (int i = 0; i + 1 < cli->argument_count; i++) {
        if (strcmp(cli->arguments[i], name) == 0) {
            const char *value = cli->arguments[i + 1];

            take_out(cli, i, 2);
            return value;
        }
    }
    return NULL;
}

bool cli_flag(struct cli *cli, const char *name)
{
    for (int i = 0; i < cli->argument_count; i++) {
        if (strcmp(cli->arguments[i], name) == 0) {
            take_out(cli, i, 1);
            return true;
        }
    }
    return false;
}

struct configuration *cli_configuration(const struct cli *cli, int *code)
{
    const char *path = configuration_path(cli->configuration);
    struct configuration_report *report = calloc(1, sizeof(*report));
    struct configuration *configuration = NULL;

    *code = EXIT_CONFIGURATION;
    if (!report)
        return NULL;
    if (configuration_read(path, &configuration, report) != OST_OK) {
        /* As serve does: a typo must not take the door list away while the garage runs. */
        if (state_last_good(path, report->storage_path, &configuration) == OST_OK)
            cli_fail(0, "%s is broken; this goes by the last good configuration; 'ostler check' says what is wrong", path);
        else
            runtime_print_report(report);
    }
    free(report);
    return configuration;
}

const char *cli_text(const struct json_value *object, const char *name)
{
    const char *text = json_as_string(json_member(object, name), NULL);

    return text ? text : "-";
}

void cli_encode(const char *text, char *out, size_t bytes)
{
    size_t length = 0;

    for (; *text && length + 4 < bytes; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
                        strchr("-._~", *text);

        length += (size_t)snprintf(out + length, bytes - length, is_plain ? "%c" : "%%%02X", (unsigned char)*text);
    }
    out[length] = '\0';
}
