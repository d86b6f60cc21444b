/* How a revision is made from the one before and a request, and checked before anything changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/text.h"
#include "runtime/service/policy_deploy_internal.h"

bool deploy_fault(struct deploy *deploy, enum ost_status status)
{
    switch (status) {
    case OST_OK:
        return false;
    case OST_NO_MEMORY:
        deploy->out->verdict = DEPLOY_OVERLOADED;
        break;
    case OST_TOO_LARGE:
        deploy->out->verdict = DEPLOY_TOO_MANY;
        break;
    default:
        deploy->out->verdict = DEPLOY_STORAGE_UNAVAILABLE;
        break;
    }
    return true;
}

void deploy_report(struct deploy *deploy, const char *file, int line, const char *text)
{
    struct deploy_answer *out = deploy->out;

    if (out->problem_count < DEPLOY_PROBLEMS_MAX) {
        struct policy_problem *problem = &out->problems[out->problem_count];

        memset(problem, 0, sizeof(*problem));
        snprintf(problem->file, sizeof(problem->file), "%s", file);
        problem->line = line;
        snprintf(problem->text, sizeof(problem->text), "%s", text);
    }
    out->problem_count++;
    out->verdict = DEPLOY_INVALID;
}

void deploy_name_file(const struct deploy *deploy, const char *suffix, char file[SLUG_BYTES + 16])
{
    snprintf(file, SLUG_BYTES + 16, "%.63s%s", deploy->name, suffix);
}

struct policy_source deploy_source(const struct policy_record *record)
{
    struct policy_source source = {.text = record->source, .length = strlen(record->source), .revision = record->revision,
                                   .settings = record->settings, .has_order = record->has_order, .order = record->order,
                                   .rights = record->rights, .fail = record->fail};

    snprintf(source.file, sizeof(source.file), "%.63s.lua", record->name);
    return source;
}

/* ---- what is deployed: the base, and what the request changes ---- */

/* The live revision, else the newest. False: there is none, or the store has a fault. */
bool deploy_read_base(struct deploy *deploy, int revision)
{
    struct store *store = deploy->catalog->parts.store;
    enum ost_status status = store->ops->find_policy(store, deploy->name, revision, deploy->record);

    if (status == OST_NOT_FOUND) {
        memset(deploy->record, 0, sizeof(*deploy->record));
        return false;
    }
    return !deploy_fault(deploy, status);
}

static void copy_text(struct deploy *deploy, const char *suffix, const char *text, size_t length, char *out, size_t max)
{
    char file[SLUG_BYTES + 16], why[128];

    deploy_name_file(deploy, suffix, file);
    if (length > max) {
        snprintf(why, sizeof(why), "is longer than %zu bytes; split it into two policies", max);
        deploy_report(deploy, file, 0, why);
    } else if (memchr(text, '\0', length)) {
        deploy_report(deploy, file, 0, "is no text: it holds a NUL byte");
    } else {
        memcpy(out, text, length);
        out[length] = '\0';
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **collect(const struct json_value *object, const char **names, size_t *count)
{
    const struct json_value *value;
    const char *name;
    void *iterator = NULL;

    while (object && *count < 2 * SETTINGS_MAX && json_next_member(object, &iterator, &name, &value))
        names[(*count)++] = name;
    return names;
}

/* The base's values with the request's on top, by name; null takes one away. */
static void merge_settings(struct deploy *deploy, const struct json_value *changes)
{
    struct policy_record *record = deploy->record;
    struct json_document *base = NULL;
    const char *names[2 * SETTINGS_MAX], *text = record->settings[0] ? record->settings : "{}";
    char error[128], merged[POLICY_SETTINGS_BYTES];
    size_t count = 0;
    struct json_writer writer;

    if (json_parse(text, strlen(text), 4, &base, error) != OST_OK) {
        deploy_report(deploy, "settings", 0, "the stored settings are damaged; set all of them");
        return;
    }
    collect(changes, collect(json_root(base), names, &count), &count);
    qsort(names, count, sizeof(*names), by_name);
    json_writer_init(&writer, merged, sizeof(merged) - 1);
    json_begin_object(&writer);
    for (size_t i = 0; i < count; i++) {
        const struct json_value *value = json_member(changes, names[i]);

        if (i > 0 && strcmp(names[i], names[i - 1]) == 0)
            continue;
        if (!value)
            value = json_member(json_root(base), names[i]);
        if (json_kind(value) == JSON_IS_NULL)
            continue;
        json_write_name(&writer, names[i]);
        json_write_value(&writer, value);
    }
    json_end_object(&writer);
    if (writer.overflow) {
        deploy_report(deploy, "settings", 0, "the settings are too long altogether");
    } else {
        memcpy(record->settings, merged, writer.length);
        record->settings[writer.length] = '\0';
    }
    json_free(base);
}

void deploy_apply(struct deploy *deploy, const struct deploy_request *request)
{
    struct policy_record *record = deploy->record;

    snprintf(record->name, sizeof(record->name), "%s", request->name);
    if (request->source)
        copy_text(deploy, ".lua", request->source, request->source_length, record->source, POLICY_SOURCE_MAX);
    if (request->spec)
        copy_text(deploy, "_spec.lua", request->spec, request->spec_length, record->spec, POLICY_SPEC_MAX);
    merge_settings(deploy, request->settings);
    if (request->has_order) {
        record->has_order = !request->order_is_own;
        record->order = request->order_is_own ? 0 : request->order;
    }
    if (request->has_rights)
        record->rights = request->rights;
    if (request->has_fail)
        record->fail = request->fail;
    text_copy(record->author, sizeof(record->author), request->actor);
    text_copy(record->message, sizeof(record->message), request->message ? request->message : "");
    record->created_at_ms = clock_wall_ms(deploy->catalog->parts.clock);
    record->proven_at_ms = record->quarantined_at_ms = 0;
}

/* ---- checks ---- */

static void check_source(struct deploy *deploy)
{
    struct policy_host *host = deploy->catalog->parts.host;
    struct policy_source source = deploy_source(deploy->record);
    struct policy_problem problems[16];
    struct policy_setting form[1];
    struct policy_facts facts;
    size_t form_count, count;
    char text[256];
    enum ost_status status = host->ops->check(host, &source, &facts, form, 0, &form_count, problems, 16, &count);

    if (status == OST_INVALID) {
        for (size_t i = 0; i < count && i < 16; i++)
            deploy_report(deploy, problems[i].file, problems[i].line, problems[i].text);
    } else if (!deploy_fault(deploy, status) && strcmp(facts.name, deploy->name) != 0) {
        snprintf(text, sizeof(text), "calls itself \"%s\", and is deployed as \"%s\": both must be the same", facts.name, deploy->name);
        deploy_report(deploy, source.file, 0, text);
    }
}

static void check_specs(struct deploy *deploy)
{
    struct policy_host *host = deploy->catalog->parts.host;
    const struct policy_record *record = deploy->record;
    struct policy_source source = deploy_source(record);
    struct spec_report *specs;
    char file[SLUG_BYTES + 16];

    if (!record->spec[0] || !host->ops->run_specs)
        return;
    source.settings = NULL; /* a spec speaks of the source's own values, or says others itself: else no setting could be changed */
    specs = calloc(1, sizeof(*specs));
    if (!specs) {
        deploy_fault(deploy, OST_NO_MEMORY);
        return;
    }
    deploy_name_file(deploy, "_spec.lua", file);
    if (host->ops->run_specs(host, &source, file, record->spec, strlen(record->spec), specs) != OST_OK)
        deploy_report(deploy, specs->problem.file, specs->problem.line, specs->problem.text);
    for (size_t i = 0; i < specs->count && i < SPEC_CASES_MAX; i++) {
        char text[384];

        if (specs->cases[i].passed)
            continue;
        snprintf(text, sizeof(text), "case \"%.100s\": %.260s", specs->cases[i].name, specs->cases[i].text);
        deploy_report(deploy, file, specs->cases[i].line, text);
    }
    deploy->out->specs_passed = specs->passed;
    deploy->out->specs_failed = specs->failed;
    free(specs);
}

void deploy_check(struct deploy *deploy)
{
    if (deploy->out->verdict == DEPLOY_DONE)
        check_source(deploy);
    if (deploy->out->verdict == DEPLOY_DONE)
        check_specs(deploy);
}
