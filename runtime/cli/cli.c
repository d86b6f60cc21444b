#include "runtime/cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/app/runtime.h"
#include "runtime/app/state.h"

int cli_fail(int code, const char *format, ...)
{
    char text[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (char *at = text; *at; at++) { /* one line, whatever an argument or an answer holds */
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = ' ';
    }
    fprintf(stderr, "ostler: %s\n", text);
    return code;
}

const char *cli_option(struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->option_count; i++) {
        if (cli->options[i].taken || strcmp(cli->options[i].name, name) != 0)
            continue;
        cli->options[i].taken = true;
        return cli->options[i].value;
    }
    return NULL;
}

bool cli_flag(struct cli *cli, const char *name)
{
    return cli_option(cli, name) != NULL;
}

struct configuration *cli_configuration(struct cli *cli, int *code)
{
    const char *path = configuration_path(cli->configuration);
    struct configuration_report *report = calloc(1, sizeof(*report));
    struct configuration *configuration = NULL;

    *code = EXIT_CONFIGURATION;
    if (!report)
        return NULL;
    if (configuration_read(path, &configuration, report) != OST_OK) {
        /* As serve does: a typo must not take the door list away while the garage runs. */
        if (state_last_good(path, report->storage_path, &configuration) != OST_OK)
            runtime_print_report(report);
        else if (!cli->said_broken)
            cli_fail(0, "%s is broken; this goes by the last good configuration; 'ostler check' says what is wrong", path);
        cli->said_broken = true;
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
