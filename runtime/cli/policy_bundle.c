/* Revisions beside each other, and all of a device's policies in one file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/cli.h"
#include "runtime/core/policy.h"

#define LINES_MAX 1024
#define BUNDLE_BYTES (4 * 1024 * 1024)

/* The revisions of a policy, newest first: as many as one page has. False: said why. */
static bool fetch(struct cli *cli, const char *name, struct answer *answer, int *code)
{
    char path[256];

    snprintf(path, sizeof(path), "/v1/policies/%.63s/revisions", name);
    *code = cli_call(cli, "GET", path, NULL, answer);
    if (*code == EXIT_DONE)
        *code = cli_judge(answer, "");
    return *code == EXIT_DONE;
}

/* A revision by its number; 0: the live one, else the newest. NULL: it is not among them. */
static const struct json_value *pick(const struct answer *answer, long number)
{
    const struct json_value *items = json_member(json_root(answer->document), "items"), *found = NULL;

    for (size_t i = 0; i < json_length(items); i++) {
        const struct json_value *item = json_element(items, i);
        bool is_wanted = number > 0 ? json_as_integer(json_member(item, "revision"), 0) == number : strcmp(cli_text(item, "state"), "live") == 0;

        if (is_wanted)
            found = item;
    }
    return found || number > 0 ? found : json_element(items, 0);
}

/* ---- diff ---- */

struct lines {
    const char *at[LINES_MAX];
    size_t length[LINES_MAX], count;
};

static void split(const char *text, struct lines *out)
{
    out->count = 0;
    while (*text && out->count < LINES_MAX) {
        out->at[out->count] = text;
        out->length[out->count++] = strcspn(text, "\n");
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

static bool is_same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
    return a->length[i] == b->length[j] && memcmp(a->at[i], b->at[j], a->length[i]) == 0;
}

/* By the longest common run of lines; a policy has few. */
static void print_diff(const struct lines *a, const struct lines *b)
{
    unsigned short(*common)[LINES_MAX + 1] = calloc(a->count + 1, sizeof(*common));
    size_t i = 0, j = 0;

    if (!common)
        return;
    for (size_t x = a->count; x-- > 0;) {
        for (size_t y = b->count; y-- > 0;) {
            unsigned short down = common[x + 1][y], right = common[x][y + 1];

            common[x][y] = is_same(a, x, b, y) ? (unsigned short)(common[x + 1][y + 1] + 1) : down > right ? down : right;
        }
    }
    while (i < a->count || j < b->count) {
        if (i < a->count && j < b->count && is_same(a, i, b, j)) {
            printf("  %.*s\n", (int)a->length[i], a->at[i]);
            i++;
            j++;
        } else if (j == b->count || (i < a->count && common[i + 1][j] >= common[i][j + 1])) {
            printf("- %.*s\n", (int)a->length[i], a->at[i]);
            i++;
        } else {
            printf("+ %.*s\n", (int)b->length[j], b->at[j]);
            j++;
        }
    }
    free(common);
}

static void settings_text(const struct json_value *revision, char *out, size_t bytes)
{
    struct json_writer writer;

    json_writer_init(&writer, out, bytes - 1);
    json_write_value(&writer, json_member(revision, "settings"));
    out[writer.overflow ? 0 : writer.length] = '\0';
}

static void compare(const struct json_value *from, const struct json_value *to)
{
    static struct lines a, b;
    char before[POLICY_SETTINGS_BYTES], after[POLICY_SETTINGS_BYTES];

    printf("--- revision %lld\n+++ revision %lld\n", (long long)json_as_integer(json_member(from, "revision"), 0),
           (long long)json_as_integer(json_member(to, "revision"), 0));
    split(cli_text(from, "source"), &a);
    split(cli_text(to, "source"), &b);
    print_diff(&a, &b);
    settings_text(from, before, sizeof(before));
    settings_text(to, after, sizeof(after));
    if (strcmp(before, after) != 0)
        printf("settings:\n- %s\n+ %s\n", before, after);
}

int policy_diff(struct cli *cli)
{
    const char *name = cli->arguments[0];
    long from = cli->argument_count > 1 ? strtol(cli->arguments[1], NULL, 10) : 0;
    long to = cli->argument_count > 2 ? strtol(cli->arguments[2], NULL, 10) : 0;
    const struct json_value *a, *b;
    struct answer answer;
    int code;

    if (fetch(cli, name, &answer, &code)) {
        b = pick(&answer, to);
        if (from == 0) /* the one before */
            from = (long)json_as_integer(json_member(b, "revision"), 1) - 1;
        a = pick(&answer, from);
        if (a && b)
            compare(a, b);
        else
            code = cli_fail(EXIT_REFUSED, "%s has no such revision; 'ostler policy show %s' lists them", name, name);
    }
    cli_answer_free(&answer);
    return code;
}

/* ---- export, import ---- */

static void put_revision(struct json_writer *bundle, const char *name, const struct json_value *revision)
{
    static const char *const members[] = {"source", "spec", "settings", "order", "rights", "fail", "sha256", NULL};

    json_begin_object(bundle);
    json_put_string(bundle, "name", name);
    for (size_t i = 0; members[i]; i++) {
        json_name(bundle, members[i]);
        json_write_value(bundle, json_member(revision, members[i]));
    }
    json_end_object(bundle);
}

static int collect(struct cli *cli, const struct json_value *policies, struct json_writer *bundle, size_t *count)
{
    int code = EXIT_DONE;

    for (size_t i = 0; i < json_length(policies) && code == EXIT_DONE; i++) {
        const char *name = cli_text(json_element(policies, i), "name");
        struct answer answer;

        if (strcmp(cli_text(json_element(policies, i), "mode"), "on") != 0)
            continue;
        if (fetch(cli, name, &answer, &code) && pick(&answer, 0)) {
            put_revision(bundle, name, pick(&answer, 0));
            (*count)++;
        }
        cli_answer_free(&answer);
    }
    return code;
}

static int write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wx");

    if (!file)
        return cli_fail(EXIT_REFUSED, "cannot write %s: %s", path, strerror(errno));
    fwrite(text, 1, length, file);
    fputc('\n', file);
    return fclose(file) == 0 ? EXIT_DONE : cli_fail(EXIT_REFUSED, "cannot write %s: %s", path, strerror(errno));
}

/* What is live now; one file, to keep or to bring to another garage. */
int policy_export(struct cli *cli)
{
    char *text = malloc(BUNDLE_BYTES);
    struct json_writer bundle;
    struct answer answer;
    size_t count = 0;
    int code = text ? cli_call(cli, "GET", "/v1/policies?limit=200", NULL, &answer) : cli_fail(EXIT_REFUSED, "there is no memory");

    if (!text)
        return code;
    if (code == EXIT_DONE)
        code = cli_judge(&answer, "");
    json_writer_init(&bundle, text, BUNDLE_BYTES);
    json_begin_object(&bundle);
    json_name(&bundle, "policies");
    json_begin_array(&bundle);
    if (code == EXIT_DONE)
        code = collect(cli, json_member(json_root(answer.document), "items"), &bundle, &count);
    json_end_array(&bundle);
    json_end_object(&bundle);
    if (code == EXIT_DONE)
        code = bundle.overflow ? cli_fail(EXIT_REFUSED, "the policies are too long for one file") : write_file(cli->arguments[0], text, bundle.length);
    if (code == EXIT_DONE)
        printf(cli->json ? "{\"exported\":%zu}\n" : "%zu policies\n", count);
    cli_answer_free(&answer);
    free(text);
    return code;
}

static int import_one(struct cli *cli, const struct json_value *policy, const char *message)
{
    static const char *const members[] = {"source", "settings", "order", "rights", "fail", NULL};
    const char *name = cli_text(policy, "name"), *spec = json_as_string(json_member(policy, "spec"), NULL);
    char *text = malloc(BUNDLE_BYTES), path[256];
    struct json_writer body;
    struct answer answer;
    int code;

    if (!text)
        return cli_fail(EXIT_REFUSED, "there is no memory");
    json_writer_init(&body, text, BUNDLE_BYTES - 1);
    json_begin_object(&body);
    for (size_t i = 0; members[i]; i++) {
        if (!json_member(policy, members[i]))
            continue;
        json_name(&body, members[i]);
        json_write_value(&body, json_member(policy, members[i]));
    }
    json_put_string(&body, "spec", spec ? spec : "");
    json_put_string(&body, "message", message);
    json_end_object(&body);
    text[body.overflow ? 0 : body.length] = '\0';
    snprintf(path, sizeof(path), "/v1/policies/%.63s/revisions", name);
    code = cli_call(cli, "POST", path, text, &answer);
    if (code == EXIT_DONE)
        code = cli_judge(&answer, name);
    cli_answer_free(&answer);
    free(text);
    return code;
}

int policy_import(struct cli *cli)
{
    char *text = malloc(BUNDLE_BYTES), error[128] = "it cannot be read", message[REASON_BYTES];
    FILE *file = fopen(cli->arguments[0], "rb");
    size_t length = text && file ? fread(text, 1, BUNDLE_BYTES, file) : 0, count = 0;
    struct json_document *document = NULL;
    int code = EXIT_DONE;

    if (file)
        fclose(file);
    if (length == 0 || json_parse(text, length, 16, &document, error) != OST_OK ||
        json_kind(json_root(document)) != JSON_IS_OBJECT || json_length(json_member(json_root(document), "policies")) == 0)
        code = cli_fail(EXIT_REFUSED, "%s is no file of 'ostler policy export': %s", cli->arguments[0], error);
    snprintf(message, sizeof(message), "Imported from %.200s", cli->arguments[0]);
    for (; code == EXIT_DONE && count < json_length(json_member(json_root(document), "policies")); count++)
        code = import_one(cli, json_element(json_member(json_root(document), "policies"), count), message);
    if (code == EXIT_DONE)
        printf(cli->json ? "{\"imported\":%zu}\n" : "%zu policies\n", count);
    json_free(document);
    free(text);
    return code;
}
