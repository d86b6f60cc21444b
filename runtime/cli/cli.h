/* What the subcommands share. One file a subcommand; main.c has their table. */
#ifndef OSTLER_CLI_CLI_H
#define OSTLER_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/app/configuration.h"
#include "runtime/app/state.h"
#include "runtime/base/json.h"

/* Exit codes; 64 and above as in sysexits.h. */
enum exit_code { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 69, EXIT_CONFIGURATION = 78 };

#define CLI_OPTIONS_MAX 32

struct cli_option {
    const char *name, *value;
    bool taken;
};

struct cli {
    const char *program;        /* as it was called */
    const char *configuration;  /* --config, or NULL */
    bool json;                  /* --json, anywhere */
    bool help;                  /* --help or -h, anywhere */
    bool said_broken;           /* that the configuration is; once is enough */
    int argument_count;         /* operands behind the subcommand's words; as many as its description says */
    char **arguments;
    struct cli_option options[CLI_OPTIONS_MAX];
    size_t option_count;
    char runtime_token[CLI_TOKEN_BYTES], runtime_address[80]; /* where the runtime was found; empty: not yet */
};

/* What a subcommand does: `ostler door open DOOR --reason TEXT` is the verb "open" of the command "door". */
struct verb {
    const char *name;      /* empty: the command has no verbs; NULL ends the list */
    const char *arguments; /* their description, see arguments.h */
    int (*run)(struct cli *cli);
};
struct command {
    const char *name;
    const char *summary;
    const char *more;      /* behind the lines of the verbs in `ostler help NAME`: words and examples */
    const struct verb *verbs;
};
extern const struct command commands[];
extern const size_t command_count;
void help_of(const struct command *command);

/* One line on standard error, with what to do; returns code. */
int cli_fail(int code, const char *format, ...) OST_PRINTF(2, 3);
/* The value of the next `--name VALUE`; NULL where there is none (any more). */
const char *cli_option(struct cli *cli, const char *name);
/* Was `--name` given? */
bool cli_flag(struct cli *cli, const char *name);
/*
 * Read the configuration; where it is broken, the last good one, and say so. NULL: there is none either, what is wrong has been
 * said, and *code is the exit code.
 */
struct configuration *cli_configuration(struct cli *cli, int *code);

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
int cli_call(struct cli *cli, const char *method, const char *path, const char *body, struct answer *answer);
void cli_answer_free(struct answer *answer);
/* The exit code of an answer: EXIT_DONE for 2xx; else the problem's detail is printed behind where, and EXIT_REFUSED. */
int cli_judge(const struct answer *answer, const char *where);
/* Call, judge, and print the body with --json. True where the caller goes on to print for people. */
bool cli_ask(struct cli *cli, const char *method, const char *path, const char *body, struct answer *answer, int *code);

/* Print all items of a list, page after page; with --json as one object, {"items":[...],"nextCursor":null}. Returns an exit code. */
int cli_pages(struct cli *cli, const char *path, void (*print)(const struct json_value *item));

/* A member's text, or "-". */
const char *cli_text(const struct json_value *object, const char *name);
/* Percent-encode one path segment or query value. */
void cli_encode(const char *text, char *out, size_t bytes);

/* The subcommands. */
int command_serve(struct cli *cli);
int command_demo(struct cli *cli);
int command_check(struct cli *cli);
int command_help(struct cli *cli);
int command_version(struct cli *cli);
int token_create(struct cli *cli);
int token_list(struct cli *cli);
int token_revoke(struct cli *cli);
int door_list(struct cli *cli);
int door_watch(struct cli *cli);
int door_open(struct cli *cli);
int door_simulate(struct cli *cli);
int door_maintain(struct cli *cli);
int door_resume(struct cli *cli);
int door_release(struct cli *cli);
int session_list(struct cli *cli);
int session_show(struct cli *cli);
int session_stop(struct cli *cli);
int list_show(struct cli *cli);
int list_add(struct cli *cli);
int list_remove(struct cli *cli);
int list_import(struct cli *cli);
int policy_new(struct cli *cli);
int policy_check(struct cli *cli);
int policy_test(struct cli *cli);
int policy_try_out(struct cli *cli);
int policy_deploy_file(struct cli *cli);
int policy_list(struct cli *cli);
int policy_show(struct cli *cli);
int policy_activate_revision(struct cli *cli);
int policy_rollback(struct cli *cli);
int policy_settings(struct cli *cli);
int policy_shadow(struct cli *cli);
int policy_why(struct cli *cli);
int policy_replay(struct cli *cli);
int policy_diff(struct cli *cli);
int policy_export(struct cli *cli);
int policy_import(struct cli *cli);
int db_check(struct cli *cli);
int db_backup(struct cli *cli);
int db_migrate(struct cli *cli);

/* serve, with a configuration file; announce (may be NULL) is told the address once it is ready. */
int serve(const char *configuration_path, void (*announce)(const char *address, void *context), void *context);

#endif
