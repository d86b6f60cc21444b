/* What the subcommands share. One file a subcommand; main.c has their table. */
#ifndef OSTLER_CLI_CLI_H
#define OSTLER_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/app/configuration.h"
#include "runtime/base/json.h"

/* Exit codes; 64 and above as in sysexits.h. */
enum exit_code { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 69, EXIT_CONFIGURATION = 78 };

struct cli {
    const char *program;        /* as it was called */
    const char *configuration;  /* --config, or NULL */
    bool json;                  /* --json, anywhere */
    int argument_count;         /* behind the subcommand's name, options of all commands taken out */
    char **arguments;
};

struct command {
    const char *name;
    const char *summary;
    const char *usage;    /* lines with examples, for `ostler help NAME` */
    int (*run)(struct cli *cli);
};
extern const struct command commands[];
extern const size_t command_count;

/* One line on standard error, with what to do; returns code. */
int cli_fail(int code, const char *format, ...) OST_PRINTF(2, 3);
/* "see 'ostler help NAME'"; returns EXIT_USAGE. */
int cli_usage(const char *command);
/* Take `--name VALUE` out of the arguments; NULL where it is not there. */
const char *cli_option(struct cli *cli, const char *name);
/* Take `--name` out. */
bool cli_flag(struct cli *cli, const char *name);
/*
 * Read the configuration; where it is broken, the last good one, and say so. NULL: there is none either, what is wrong has been
 * said, and *code is the exit code.
 */
struct configuration *cli_configuration(const struct cli *cli, int *code);

/* ---- the running runtime, over loopback HTTP ---- */

struct answer {
    int status;
    char *body; /* NUL-terminated; free with cli_answer_free() */
    size_t length;
    struct json_document *document; /* NULL where the body is no JSON */
};

/*
 * Call the runtime with the command line's own token; body NULL: none. Returns EXIT_DONE for any answer; else the exit code
 * (no configuration, not reachable), and a line has said why.
 */
int cli_call(const struct cli *cli, const char *method, const char *path, const char *body, struct answer *answer);
void cli_answer_free(struct answer *answer);
/* The exit code of an answer: EXIT_DONE for 2xx; else the problem's detail is printed and EXIT_REFUSED. */
int cli_judge(const struct answer *answer);
/* Call, judge, and print the body with --json. True where the caller goes on to print for people. */
bool cli_ask(const struct cli *cli, const char *method, const char *path, const char *body, struct answer *answer, int *code);

/* A member's text, or "-". */
const char *cli_text(const struct json_value *object, const char *name);
/* Percent-encode one path segment or query value. */
void cli_encode(const char *text, char *out, size_t bytes);

/* The subcommands. */
int command_serve(struct cli *cli);
int command_demo(struct cli *cli);
int command_check(struct cli *cli);
int command_token(struct cli *cli);
int command_door(struct cli *cli);
int command_session(struct cli *cli);
int command_list(struct cli *cli);
int command_db(struct cli *cli);
int command_help(struct cli *cli);
int command_version(struct cli *cli);

/* serve, with a configuration file; announce (may be NULL) is told the address once it is ready. */
int serve(const char *configuration_path, void (*announce)(const char *address, void *context), void *context);

#endif
