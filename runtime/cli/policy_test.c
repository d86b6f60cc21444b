/* Trying policies out here: their specs, and one made-up visit with a trace. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/policy_files.h"
#include "runtime/core/visit_context.h"

/* ---- test ---- */

struct totals {
    size_t passed, failed;
    bool is_first; /* of the JSON's list */
};

static void print_lines(const struct spec_report *report)
{
    int count = 0;

    for (int line = 1; line <= report->line_count; line++) {
        if (report->lines[line] != LINE_NEVER_RAN)
            continue;
        printf("%s%d", count++ == 0 ? "never run: line " : ", ", line);
    }
    if (count > 0)
        printf("\n");
    for (size_t i = 0; i < report->codes_missing_count; i++)
        printf("never refused with: %s\n", report->codes_missing[i]);
}

static void print_report(const struct policy_file *file, const struct spec_report *report)
{
    printf("%s\n", file->spec_path);
    for (size_t i = 0; i < report->count; i++) {
        const struct spec_case *each = &report->cases[i];

        printf("  %s  %s\n", each->passed ? "ok  " : "FAIL", each->name);
        if (!each->passed)
            printf("        line %d: %s\n", each->line, each->text);
    }
    print_lines(report);
}

static void print_report_json(const struct policy_file *file, const struct spec_report *report, struct totals *totals)
{
    char *text = malloc(1 << 20);
    struct json_writer writer;

    if (!text)
        return;
    json_writer_init(&writer, text, 1 << 20);
    json_begin_object(&writer);
    json_put_string(&writer, "policy", file->path);
    json_put_integer(&writer, "passed", (int64_t)report->passed);
    json_put_integer(&writer, "failed", (int64_t)report->failed);
    json_put_string(&writer, "problem", report->problem.text[0] ? report->problem.text : NULL);
    json_name(&writer, "cases");
    json_begin_array(&writer);
    for (size_t i = 0; i < report->count; i++) {
        json_begin_object(&writer);
        json_put_string(&writer, "name", report->cases[i].name);
        json_put_integer(&writer, "line", report->cases[i].line);
        json_put_boolean(&writer, "passed", report->cases[i].passed);
        json_put_string(&writer, "detail", report->cases[i].passed ? NULL : report->cases[i].text);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_name(&writer, "neverRun");
    json_begin_array(&writer);
    for (int line = 1; line <= report->line_count; line++) {
        if (report->lines[line] == LINE_NEVER_RAN)
            json_write_integer(&writer, line);
    }
    json_end_array(&writer);
    json_name(&writer, "neverRefused");
    json_begin_array(&writer);
    for (size_t i = 0; i < report->codes_missing_count; i++)
        json_write_string(&writer, report->codes_missing[i]);
    json_end_array(&writer);
    json_end_object(&writer);
    printf("%s%.*s", totals->is_first ? "" : ",", (int)writer.length, text);
    totals->is_first = false;
    free(text);
}

static void test_policy(struct cli *cli, struct policy_host *host, const char *path, struct totals *totals)
{
    struct spec_report *report = calloc(1, sizeof(*report));
    struct policy_file file;
    struct policy_source source = {.revision = 0};

    if (!report || !policy_file_read(path, NULL, &file)) {
        totals->failed++;
        free(report);
        return;
    }
    if (!file.spec) {
        fprintf(stderr, "%s: there is no spec; write %s, or make both with 'ostler policy new'\n", file.path, file.spec_path);
        totals->failed++;
    } else if (!policy_file_check(host, &file, NULL)) {
        totals->failed++;
    } else {
        source.text = file.source;
        source.length = file.source_length;
        snprintf(source.file, sizeof(source.file), "%s", file.name);
        if (host->ops->run_specs(host, &source, file.spec_path, file.spec, file.spec_length, report) != OST_OK) {
            policy_file_complain(file.spec_path, file.spec, report->problem.line, report->problem.text);
            totals->failed++;
        }
        if (cli->json)
            print_report_json(&file, report, totals);
        else
            print_report(&file, report);
        totals->passed += report->passed;
        totals->failed += report->failed;
    }
    policy_file_free(&file);
    free(report);
}

static int is_policy(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".lua") == 0 &&
           (length < 9 || strcmp(entry->d_name + length - 9, "_spec.lua") != 0);
}

/* PATH is a policy, its spec, or a folder of them. */
static void test_path(struct cli *cli, struct policy_host *host, const char *path, struct totals *totals)
{
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, is_policy, alphasort);
    char file[1400];
    size_t length = strlen(path);

    for (int i = 0; i < found; i++) {
        snprintf(file, sizeof(file), "%.1000s/%.300s", path, entries[i]->d_name);
        test_policy(cli, host, file, totals);
        free(entries[i]);
    }
    free(entries);
    if (found >= 0)
        return;
    if (length > 9 && strcmp(path + length - 9, "_spec.lua") == 0)
        snprintf(file, sizeof(file), "%.*s.lua", (int)(length - 9), path);
    else
        snprintf(file, sizeof(file), "%.1300s", path);
    test_policy(cli, host, file, totals);
}

int policy_test(struct cli *cli)
{
    struct policy_host *host = policy_files_host();
    struct totals totals = {.is_first = true};

    if (!host)
        return cli_fail(EXIT_REFUSED, "there is no memory");
    if (cli->json)
        printf("{\"policies\":[");
    test_path(cli, host, cli->argument_count > 0 ? cli->arguments[0] : ".", &totals);
    host->ops->destroy(host);
    if (cli->json)
        printf("],\"passed\":%zu,\"failed\":%zu}\n", totals.passed, totals.failed);
    else
        printf("%zu passed, %zu failed\n", totals.passed, totals.failed);
    return totals.failed > 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- try ---- */

static void write_try(struct json_writer *body, const struct policy_file *file, const char *event, const char *context)
{
    json_begin_object(body);
    if (file)
        json_put_string(body, "source", file->source);
    json_put_string(body, "event", event);
    json_name(body, "context");
    json_write_raw(body, context, strlen(context));
    json_end_object(body);
}

/* The line of a source; "" where it is not known. */
static void print_source_line(const char *source, long long line)
{
    for (long long i = 1; source && i < line; i++) {
        source = strchr(source, '\n');
        source += source != NULL;
    }
    if (source)
        printf("%.*s", (int)strcspn(source, "\r\n"), source);
}

static void print_trace(const struct json_value *trace, const char *source)
{
    for (size_t i = 0; i < json_length(trace); i++) {
        const struct json_value *step = json_element(trace, i);
        long long line = (long long)json_as_integer(json_member(step, "line"), 0);

        if (strcmp(cli_text(step, "kind"), "line") == 0) {
            printf("%5lld | ", line);
            print_source_line(source, line);
            printf("\n");
        } else {
            printf("        %s %s\n", strcmp(cli_text(step, "kind"), "read") == 0 ? "." : ">", cli_text(step, "text"));
        }
    }
}

int policy_try_out(struct cli *cli)
{
    const char *what = cli->arguments[0], *context = cli->argument_count > 1 ? cli->arguments[1] : "{}";
    const char *event = cli_option(cli, "--event");
    bool is_file = strlen(what) > 4 && strcmp(what + strlen(what) - 4, ".lua") == 0;
    struct policy_host *host = policy_files_host();
    char *text = malloc(128 * 1024), path[256], name[SLUG_BYTES];
    struct policy_file file = {.source = NULL};
    struct policy_facts facts;
    struct json_writer body;
    struct answer answer = {.body = NULL};
    int code = EXIT_REFUSED;

    snprintf(name, sizeof(name), "%s", what);
    if (host && text && (!is_file || (policy_file_read(what, NULL, &file) && policy_file_check(host, &file, &facts)))) {
        if (is_file)
            snprintf(name, sizeof(name), "%s", facts.name);
        json_writer_init(&body, text, 128 * 1024 - 1);
        write_try(&body, is_file ? &file : NULL, event ? event : "session_start", context);
        text[body.overflow ? 0 : body.length] = '\0';
        snprintf(path, sizeof(path), "/v1/policies/%.63s/try", name);
        if (cli_ask(cli, "POST", path, text, &answer, &code)) {
            printf("%s\n\n", cli_text(json_root(answer.document), "summary"));
            print_trace(json_member(json_root(answer.document), "trace"), is_file ? file.source : json_as_string(json_member(json_root(answer.document), "source"), NULL));
        }
    }
    cli_answer_free(&answer);
    policy_file_free(&file);
    if (host)
        host->ops->destroy(host);
    free(text);
    return code;
}
