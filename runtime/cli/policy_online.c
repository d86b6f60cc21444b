/* Policies of the running device: deploy, look, change, go back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/policy_files.h"

#define BODY_BYTES (128 * 1024)

/* ---- bodies ---- */

/* "key=value" as a member of settings; numbers, true, false and {..} as JSON, all else as text. "key=" takes the default again. */
static bool put_setting(struct json_writer *body, const char *pair)
{
    const char *value = strchr(pair, '=');
    struct json_document *document = NULL;
    char name[64], error[128];

    if (!value || value == pair || (size_t)(value - pair) >= sizeof(name))
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)(value - pair), pair);
    json_write_name(body, name);
    value++;
    if (*value == '\0')
        json_write_null(body);
    else if (json_parse(value, strlen(value), 4, &document, error) == OST_OK && json_kind(json_root(document)) != JSON_IS_STRING)
        json_write_raw(body, value, strlen(value));
    else
        json_write_string(body, value);
    json_free(document);
    return true;
}

static int put_settings(struct cli *cli, struct json_writer *body, const char *option)
{
    const char *pair;
    bool any = false;

    while ((pair = cli_option(cli, option))) {
        if (!any) {
            json_name(body, "settings");
            json_begin_object(body);
        }
        any = true;
        if (!put_setting(body, pair))
            return cli_fail(EXIT_USAGE, "'%s' is no setting; write name=value, as in open=\"Mon-Fri 07:00-23:00\"", pair);
    }
    if (any)
        json_end_object(body);
    return EXIT_DONE;
}

static void print_errors(const struct json_value *errors, const struct policy_file *file)
{
    for (size_t i = 0; i < json_length(errors); i++) {
        const struct json_value *error = json_element(errors, i);
        const char *pointer = cli_text(error, "pointer"), *detail = cli_text(error, "detail");
        bool is_spec = strcmp(pointer, "/spec") == 0;
        int line = 0, at = 0;

        if (sscanf(detail, "line %d: %n", &line, &at) == 1 && at > 0 && file)
            policy_file_complain(is_spec ? file->spec_path : file->path, is_spec ? file->spec : file->source, line, detail + at);
        else
            fprintf(stderr, "%s: %s\n", pointer, detail);
    }
}

/* POST, and tell what came of it. file: what was sent, for messages; may be NULL. */
static int post(struct cli *cli, const char *name, const char *what, const char *body, const struct policy_file *file)
{
    struct answer answer;
    char path[256];
    int code;

    snprintf(path, sizeof(path), "/v1/policies/%.63s/%s", name, what);
    code = cli_call(cli, "POST", path, body, &answer);
    if (code == EXIT_DONE && answer.status == 422 && answer.document && !cli->json) {
        const struct json_value *errors = json_member(json_root(answer.document), "errors");

        print_errors(errors, file);
        code = cli_fail(EXIT_REFUSED, "%s was not deployed: %s", name, json_length(errors) > 0 ? "mend what is said above; what was live stays live" : cli_text(json_root(answer.document), "detail"));
    } else if (code == EXIT_DONE) {
        code = cli_judge(&answer, "");
    }
    if (code == EXIT_DONE && cli->json)
        printf("%s\n", answer.body);
    if (code == EXIT_DONE && !cli->json) {
        const struct json_value *root = json_root(answer.document), *specs = json_member(root, "specs");
        const char *mode = cli_text(root, "mode");
        long long revision = (long long)json_as_integer(json_member(root, "revision"), 0);
        long long previous = (long long)json_as_integer(json_member(root, "previous"), 0);

        if (!json_as_boolean(json_member(root, "changed"), true))
            printf("%s: revision %lld is %s already\n", name, revision, mode);
        else if (strcmp(mode, "off") == 0)
            printf(strcmp(what, "activate") == 0 ? "%s is off\n" : "%s: revision %lld is stored, and not in force\n", name, revision);
        else
            printf("%s: revision %lld is %s (before: %lld); specs: %lld passed\n", name, revision, mode, previous,
                   (long long)json_as_integer(json_member(specs, "passed"), 0));
    }
    cli_answer_free(&answer);
    return code;
}

/* ---- deploy ---- */

static int write_deploy(struct cli *cli, const struct policy_file *file, struct json_writer *body)
{
    const char *message = cli_option(cli, "--message"), *order = cli_option(cli, "--order"), *fail = cli_option(cli, "--fail");
    const char *grant = cli_option(cli, "--grant");

    json_begin_object(body);
    json_put_string(body, "source", file->source);
    json_put_string(body, "spec", file->spec ? file->spec : "");
    if (message)
        json_put_string(body, "message", message);
    if (order)
        json_put_integer(body, "order", strtol(order, NULL, 10));
    if (fail)
        json_put_string(body, "fail", fail);
    if (grant) {
        json_name(body, "rights");
        json_begin_array(body);
        json_write_string(body, grant);
        json_end_array(body);
    }
    if (cli_flag(cli, "--shadow"))
        json_put_string(body, "mode", "shadow");
    if (put_settings(cli, body, "--setting") != EXIT_DONE)
        return EXIT_USAGE;
    json_end_object(body);
    return body->overflow ? cli_fail(EXIT_REFUSED, "policy and spec are too long together: 64 KiB") : EXIT_DONE;
}

int policy_deploy_file(struct cli *cli)
{
    struct policy_host *host = policy_files_host();
    char *text = malloc(BODY_BYTES);
    struct policy_file file;
    struct policy_facts facts;
    struct json_writer body;
    int code = EXIT_REFUSED;

    if (!host || !text || !policy_file_read(cli->arguments[0], cli_option(cli, "--spec"), &file)) {
        if (host)
            host->ops->destroy(host);
        free(text);
        return code;
    }
    if (policy_file_check(host, &file, &facts)) {
        json_writer_init(&body, text, BODY_BYTES - 1);
        code = write_deploy(cli, &file, &body);
        text[body.length] = '\0';
        if (code == EXIT_DONE)
            code = post(cli, facts.name, "revisions", text, &file);
    }
    policy_file_free(&file);
    host->ops->destroy(host);
    free(text);
    return code;
}

/* ---- list, show ---- */

static void print_policy(const struct json_value *policy)
{
    printf("%-24s %-7s %-7s %5lld %6lld  %s\n", cli_text(policy, "name"), cli_text(policy, "mode"), cli_text(policy, "state"),
           (long long)json_as_integer(json_member(policy, "revision"), 0), (long long)json_as_integer(json_member(policy, "order"), 0),
           json_member(policy, "about") ? cli_text(policy, "about") : "");
}

int policy_list(struct cli *cli)
{
    if (!cli->json)
        printf("%-24s %-7s %-7s %5s %6s  %s\n", "NAME", "MODE", "STATE", "REV", "ORDER", "ABOUT");
    return cli_pages(cli, "/v1/policies", print_policy);
}

static void print_revision(const struct json_value *revision)
{
    printf("  %4lld  %-11s %-24s %-24s %s\n", (long long)json_as_integer(json_member(revision, "revision"), 0), cli_text(revision, "state"),
           cli_text(revision, "createdAt"), cli_text(revision, "author"), cli_text(revision, "message"));
}

static void print_form(const struct json_value *policy)
{
    const struct json_value *settings = json_member(policy, "settings");

    for (size_t i = 0; i < json_length(settings); i++) {
        const struct json_value *setting = json_element(settings, i);
        bool is_own = strcmp(cli_text(setting, "value"), cli_text(setting, "default")) == 0;

        printf("  %-16s = %-32s %-9s %s%s%s%s\n", cli_text(setting, "name"), cli_text(setting, "value"), cli_text(setting, "type"),
               cli_text(setting, "label"), is_own ? "" : " (default: ", is_own ? "" : cli_text(setting, "default"), is_own ? "" : ")");
    }
}

static bool ask_policy(struct cli *cli, const char *name, struct answer *answer, int *code)
{
    char path[256];

    snprintf(path, sizeof(path), "/v1/policies/%.63s", name);
    return cli_ask(cli, "GET", path, NULL, answer, code);
}

int policy_show(struct cli *cli)
{
    char path[256];
    struct answer answer;
    int code;

    if (ask_policy(cli, cli->arguments[0], &answer, &code)) {
        const struct json_value *policy = json_root(answer.document);

        printf("%s %s: %s, revision %lld (shadow %lld, a rollback returns to %lld)\n%s\n", cli_text(policy, "name"), cli_text(policy, "version"),
               cli_text(policy, "mode"), (long long)json_as_integer(json_member(policy, "revision"), 0),
               (long long)json_as_integer(json_member(policy, "shadowRevision"), 0),
               (long long)json_as_integer(json_member(policy, "previousRevision"), 0), cli_text(policy, "about"));
        if (json_length(json_member(policy, "settings")) > 0)
            printf("settings:\n");
        print_form(policy);
        printf("revisions:\n");
        snprintf(path, sizeof(path), "/v1/policies/%.63s/revisions", cli->arguments[0]);
        code = cli_pages(cli, path, print_revision);
    }
    cli_answer_free(&answer);
    return code;
}

/* ---- activate, rollback, shadow, settings ---- */

static int activate(struct cli *cli, const char *name, const char *revision, const char *mode)
{
    const char *message = cli_option(cli, "--message");
    char text[1024], *end;
    long number = strtol(revision, &end, 10);
    struct json_writer body;

    if (strcmp(mode, "off") != 0 && (*end || number < 1))
        return cli_fail(EXIT_USAGE, "'%s' is no revision; 'ostler policy show %s' lists them", revision, name);
    json_writer_init(&body, text, sizeof(text) - 1);
    json_begin_object(&body);
    if (strcmp(mode, "off") != 0)
        json_put_integer(&body, "revision", number);
    json_put_string(&body, "mode", mode);
    if (message)
        json_put_string(&body, "message", message);
    json_end_object(&body);
    if (body.overflow)
        return cli_fail(EXIT_USAGE, "the message is too long; a sentence is enough");
    text[body.length] = '\0';
    return post(cli, name, "activate", text, NULL);
}

int policy_activate_revision(struct cli *cli)
{
    return activate(cli, cli->arguments[0], cli->arguments[1], strcmp(cli->arguments[1], "off") == 0 ? "off" : "on");
}

int policy_shadow(struct cli *cli)
{
    return activate(cli, cli->arguments[0], cli->arguments[1], "shadow");
}

int policy_rollback(struct cli *cli)
{
    const char *name = cli->arguments[0];
    bool json = cli->json;
    struct answer answer;
    char revision[24] = "";
    int code;

    cli->json = false; /* of the question; the answer is printed as asked */
    if (ask_policy(cli, name, &answer, &code))
        snprintf(revision, sizeof(revision), "%lld", (long long)json_as_integer(json_member(json_root(answer.document), "previousRevision"), 0));
    cli->json = json;
    cli_answer_free(&answer);
    if (code != EXIT_DONE)
        return code;
    if (strcmp(revision, "0") == 0)
        return cli_fail(EXIT_REFUSED, "%s has no revision to return to; 'ostler policy activate %s off' takes it out of force", name, name);
    return activate(cli, name, revision, "on");
}

int policy_settings(struct cli *cli)
{
    const char *name = cli->arguments[0], *message = cli_option(cli, "--message");
    char text[16384];
    struct json_writer body;
    struct answer answer;
    int code;

    if (cli->argument_count == 1) {
        if (ask_policy(cli, name, &answer, &code))
            print_form(json_root(answer.document));
        cli_answer_free(&answer);
        return code;
    }
    json_writer_init(&body, text, sizeof(text) - 1);
    json_begin_object(&body);
    if (message)
        json_put_string(&body, "message", message);
    json_name(&body, "settings");
    json_begin_object(&body);
    for (int i = 1; i < cli->argument_count; i++) {
        if (!put_setting(&body, cli->arguments[i]))
            return cli_fail(EXIT_USAGE, "'%s' is no setting; write name=value, as in open=\"Mon-Fri 07:00-23:00\"", cli->arguments[i]);
    }
    json_end_object(&body);
    json_end_object(&body);
    if (body.overflow)
        return cli_fail(EXIT_USAGE, "these are too many settings at once");
    text[body.length] = '\0';
    return post(cli, name, "revisions", text, NULL);
}

/* ---- why ---- */

static void print_say(const struct json_value *reason)
{
    const char *verb = cli_text(reason, "verb");
    long long line = (long long)json_as_integer(json_member(reason, "line"), 0);

    printf("  %-24s revision %-4lld line %-4lld %-12s %s%s%s\n", cli_text(reason, "policy"),
           (long long)json_as_integer(json_member(reason, "revision"), 0), line, verb, cli_text(reason, "code"),
           cli_text(reason, "code")[0] ? ": " : "", cli_text(reason, "text"));
}

static bool spoke(const struct json_value *reasons, const char *policy)
{
    for (size_t i = 0; i < json_length(reasons); i++) {
        if (strcmp(cli_text(json_element(reasons, i), "policy"), policy) == 0)
            return true;
    }
    return false;
}

static void print_why(const struct json_value *decision)
{
    const struct json_value *reasons = json_member(decision, "reasons"), *revisions = json_member(decision, "revisions"), *revision;
    const char *name;
    void *iterator = NULL;

    printf("%s\n\n%s of %s, decided in %.1f us:\n", cli_text(decision, "summary"), cli_text(decision, "trigger"), cli_text(decision, "decidedAt"),
           json_as_number(json_member(decision, "cpuMicroseconds"), 0));
    for (size_t i = 0; i < json_length(reasons); i++)
        print_say(json_element(reasons, i));
    while (json_next_member(revisions, &iterator, &name, &revision)) {
        if (!spoke(reasons, name))
            printf("  %-24s revision %-4lld           said nothing\n", name, (long long)json_as_integer(revision, 0));
    }
}

int policy_why(struct cli *cli)
{
    struct answer answer;
    char path[256], id[128];
    int code;

    cli_encode(cli->argument_count > 0 ? cli->arguments[0] : "", id, sizeof(id));
    if (cli->argument_count > 0)
        snprintf(path, sizeof(path), "/v1/decisions/%s", id);
    else
        snprintf(path, sizeof(path), "/v1/decisions?limit=1");
    if (cli_ask(cli, "GET", path, NULL, &answer, &code)) {
        const struct json_value *root = json_root(answer.document), *items = json_member(root, "items");

        if (items && json_length(items) == 0)
            printf("no decision was made yet\n");
        else
            print_why(items ? json_element(items, 0) : root);
    }
    cli_answer_free(&answer);
    return code;
}
