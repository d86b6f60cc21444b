/* Policies: what is in force, its revisions, deploying and rolling back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sha256.h"
#include "runtime/http/handlers.h"
#include "runtime/http/handlers_policy.h"
#include "runtime/http/respond.h"
#include "runtime/service/policy_watch.h"

#define REVISIONS_AT_ONCE 20 /* of a page: each brings its source and spec */
#define REVISION_JSON_BYTES (8 * (POLICY_SOURCE_MAX + POLICY_SPEC_MAX))
#define DEPLOYMENTS_SHOWN 256

/* ---- what is in force ---- */

static void write_bits(struct json_writer *body, const char *name, unsigned bits, unsigned count, const char *(*text)(unsigned bit))
{
    json_name(body, name);
    json_begin_array(body);
    for (unsigned bit = 0; bit < count; bit++) {
        if (bits & 1u << bit)
            json_write_string(body, text(bit));
    }
    json_end_array(body);
}

static const char *trigger_text(unsigned bit)
{
    return policy_trigger_text((enum policy_trigger)bit);
}

static const char *right_text(unsigned bit)
{
    return policy_right_text((enum policy_right)bit);
}

static void write_settings(struct json_writer *body, struct policy_lease *lease, size_t place)
{
    struct policy_setting *form = calloc(SETTINGS_MAX, sizeof(*form));
    size_t count = form ? policy_lease_settings(lease, place, form, SETTINGS_MAX) : 0;

    json_name(body, "settings");
    json_begin_array(body);
    for (size_t i = 0; i < count && i < SETTINGS_MAX; i++) {
        json_begin_object(body);
        json_put_string(body, "name", form[i].name);
        json_put_string(body, "type", setting_type_text(form[i].type));
        json_put_string(body, "value", form[i].value);
        json_put_string(body, "default", form[i].standard);
        json_put_string(body, "label", form[i].label);
        json_end_object(body);
    }
    json_end_array(body);
    free(form);
}

/* Members of what is in force; its revision is the live one, or with a shadow alone the shadow's. */
static void write_facts(struct json_writer *body, struct policy_lease *lease, const struct policy_facts *facts, size_t place)
{
    char scopes[256];

    json_put_string(body, "version", facts->version);
    json_put_string(body, "about", facts->about);
    json_put_integer(body, "order", facts->order);
    write_bits(body, "triggers", facts->triggers, TRIGGER_COUNT, trigger_text);
    write_bits(body, "rightsAsked", facts->rights_asked, RIGHT_COUNT, right_text);
    write_bits(body, "rights", facts->rights, RIGHT_COUNT, right_text);
    json_put_string(body, "fail", policy_fail_text(facts->fail));
    json_put_string(body, "route", facts->route[0] ? facts->route : NULL);
    scope_set_format(facts->scopes, scopes, sizeof(scopes));
    json_put_string(body, "scopes", scopes);
    write_settings(body, lease, place);
}

/* One policy of the store's deployments, with what the set in force tells of it. */
struct shown {
    char name[SLUG_BYTES];
    int live, shadow;
    const struct policy_facts *facts; /* NULL: it is off */
    size_t place;
};

static void write_figures(struct json_writer *body, struct policy_catalog *catalog, const char *name)
{
    struct policy_figures figures;

    policy_watch_read(policy_catalog_watch(catalog), name, &figures);
    json_put_integer(body, "calls", figures.calls);
    json_name(body, "errors");
    json_begin_object(body);
    for (unsigned breach = BREACH_ERROR; breach < BREACH_COUNT; breach++)
        json_put_integer(body, policy_breach_text((enum policy_breach)breach), figures.errors[breach]);
    json_end_object(body);
    json_name(body, "cpuMicroseconds");
    json_begin_object(body);
    json_name(body, "p50");
    json_write_real(body, (double)(figures.p50_ns / 100) / 10);
    json_name(body, "p99");
    json_write_real(body, (double)(figures.p99_ns / 100) / 10);
    json_end_object(body);
    json_put_integer(body, "memoryPeakBytes", figures.memory_peak_bytes);
    json_put_integer(body, "shadowCalls", figures.shadow_calls);
    json_put_integer(body, "shadowDifferences", figures.shadow_differences);
    json_put_integer(body, "quarantines", figures.quarantines);
    json_name(body, "limits");
    json_begin_object(body);
    json_put_integer(body, "cpuMilliseconds", POLICY_CPU_MS);
    json_put_integer(body, "memoryKiB", POLICY_MEMORY_KIB);
    json_end_object(body);
}

/* previous: what a rollback returns to; -1: not said. */
static void write_policy(struct json_writer *body, struct http_exchange *exchange, struct policy_lease *lease, const struct shown *shown,
                         int previous)
{
    json_begin_object(body);
    json_put_string(body, "name", shown->name);
    json_put_string(body, "mode", policy_mode_text(shown->live ? POLICY_ON : shown->shadow ? POLICY_SHADOW : POLICY_OFF));
    json_put_string(body, "state", !shown->facts ? "off" : shown->facts->broken ? "broken" : "on");
    json_put_integer(body, "revision", shown->live);
    json_put_integer(body, "shadowRevision", shown->shadow);
    if (previous >= 0)
        json_put_integer(body, "previousRevision", previous);
    if (shown->facts)
        write_facts(body, lease, shown->facts, shown->place);
    write_figures(body, api_of(exchange)->policies, shown->name);
    json_end_object(body);
}

/* The policies in force and those that are off, by name; at most max. Facts are borrowed. */
static size_t collect(struct http_exchange *exchange, struct policy_lease *lease, const struct policy_facts *facts, size_t fact_count,
                      struct shown *out, size_t max)
{
    struct store *store = api_of(exchange)->store;
    struct policy_deployment *deployments = calloc(max, sizeof(*deployments));
    size_t count = 0, found = 0;

    (void)lease;
    if (deployments && store->ops->list_deployments(store, deployments, max, &found) != OST_OK)
        found = 0; /* what is in force is known without the store */
    for (size_t i = 0; i < fact_count && count < max; i++) {
        size_t at = 0;

        while (at < count && strcmp(out[at].name, facts[i].name) != 0)
            at++;
        if (at == count) {
            out[count] = (struct shown){.facts = &facts[i], .place = i};
            snprintf(out[count++].name, SLUG_BYTES, "%s", facts[i].name);
        }
        if (!facts[i].is_shadow) {
            out[at].facts = &facts[i];
            out[at].place = i;
        }
        *(facts[i].is_shadow ? &out[at].shadow : &out[at].live) = facts[i].revision;
    }
    for (size_t i = 0; i < found && i < max && count < max; i++) {
        if (deployments[i].live == 0 && deployments[i].shadow == 0)
            snprintf(out[count++].name, SLUG_BYTES, "%s", deployments[i].name);
    }
    free(deployments);
    return count;
}

/* What list and show work on. */
struct view {
    struct policy_lease *lease;
    struct policy_facts facts[POLICIES_MAX];
    struct shown shown[DEPLOYMENTS_SHOWN];
    size_t count;
};

/* NULL: answered. */
static struct view *begin_view(struct http_exchange *exchange)
{
    struct view *view = calloc(1, sizeof(*view));
    size_t facts;

    if (!view) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        return NULL;
    }
    view->lease = policy_catalog_take(api_of(exchange)->policies);
    facts = policy_lease_describe(view->lease, view->facts, POLICIES_MAX);
    view->count = collect(exchange, view->lease, view->facts, facts < POLICIES_MAX ? facts : POLICIES_MAX, view->shown, DEPLOYMENTS_SHOWN);
    return view;
}

static void end_view(struct http_exchange *exchange, struct view *view)
{
    policy_catalog_put(api_of(exchange)->policies, view->lease);
    free(view);
}

void handle_policy_list(struct http_exchange *exchange)
{
    struct view *view = begin_view(exchange);
    struct slice_request slice;
    struct json_writer list;

    if (!view)
        return;
    if (respond_read_slice(exchange, view->count, &slice) && respond_begin_list(exchange, &list)) {
        for (size_t i = slice.begin; i < slice.end; i++)
            write_policy(&list, exchange, view->lease, &view->shown[i], -1);
        respond_send_list(exchange, &list, slice.next);
    }
    end_view(exchange, view);
}

void handle_policy_show(struct http_exchange *exchange)
{
    struct view *view = begin_view(exchange);
    size_t at = 0;

    if (!view)
        return;
    while (at < view->count && strcmp(view->shown[at].name, exchange_request(exchange)->parameters[0]) != 0)
        at++;
    if (at < view->count) {
        write_policy(exchange_body(exchange), exchange, view->lease, &view->shown[at], policy_previous(api_of(exchange)->policies, view->shown[at].name));
        exchange_send_json(exchange, 200);
    } else {
        exchange_problem(exchange, PROBLEM_POLICY_NOT_FOUND, NULL);
    }
    end_view(exchange, view);
}

/* ---- revisions ---- */

static void write_revision(struct json_writer *list, const struct policy_record *record, const struct policy_deployment *deployment)
{
    const char *state = deployment && deployment->live == record->revision     ? "live"
                        : deployment && deployment->shadow == record->revision ? "shadow"
                        : record->quarantined_at_ms > 0                        ? "quarantined"
                                                                               : "stored";
    char hash[SHA256_TEXT_BYTES];

    sha256_format(record->sha256, hash);
    json_begin_object(list);
    json_put_integer(list, "revision", record->revision);
    json_put_string(list, "state", state);
    json_put_string(list, "sha256", hash);
    json_put_string(list, "author", record->author);
    json_put_string(list, "message", record->message);
    json_put_time(list, "createdAt", record->created_at_ms);
    json_put_time(list, "quarantinedAt", record->quarantined_at_ms);
    json_put_string(list, "source", record->source);
    json_put_string(list, "spec", record->spec[0] ? record->spec : NULL);
    json_name(list, "settings");
    json_write_raw(list, record->settings, strlen(record->settings));
    json_name(list, "order");
    if (record->has_order)
        json_write_integer(list, record->order);
    else
        json_write_null(list);
    write_bits(list, "rights", record->rights, RIGHT_COUNT, right_text);
    json_put_string(list, "fail", policy_fail_text(record->fail));
    json_end_object(list);
}

static void find_deployment(struct store *store, const char *name, struct policy_deployment *out)
{
    struct policy_deployment *all = calloc(DEPLOYMENTS_SHOWN, sizeof(*all));
    size_t count = 0;

    memset(out, 0, sizeof(*out));
    if (all && store->ops->list_deployments(store, all, DEPLOYMENTS_SHOWN, &count) == OST_OK) {
        for (size_t i = 0; i < count && i < DEPLOYMENTS_SHOWN; i++) {
            if (strcmp(all[i].name, name) == 0)
                *out = all[i];
        }
    }
    free(all);
}

void handle_policy_revisions(struct http_exchange *exchange)
{
    const char *name = exchange_request(exchange)->parameters[0];
    struct store *store = api_of(exchange)->store;
    struct validation validation = {.count = 0};
    struct policy_record *records = calloc(REVISIONS_AT_ONCE + 1, sizeof(*records));
    struct policy_deployment deployment;
    struct page_request page;
    struct json_writer list;
    enum ost_status status;
    size_t count = 0, limit;

    if (!records || !respond_read_page(exchange, &validation, &page)) {
        if (!records)
            exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        free(records);
        return;
    }
    limit = page.limit < REVISIONS_AT_ONCE ? page.limit : REVISIONS_AT_ONCE;
    status = store->ops->list_policy_revisions(store, name, page.from < INT32_MAX ? (int)page.from : INT32_MAX, limit + 1, records, &count);
    if (status == OST_OK && count == 0 && page.from == INT64_MAX)
        status = OST_NOT_FOUND;
    find_deployment(store, name, &deployment);
    if (status != OST_OK) {
        respond_status(exchange, status, PROBLEM_POLICY_NOT_FOUND);
    } else if (respond_begin_long_list(exchange, &list, (limit + 1) * REVISION_JSON_BYTES)) {
        for (size_t i = 0; i < count && i < limit; i++)
            write_revision(&list, &records[i], &deployment);
        respond_send_list(exchange, &list, count > limit ? records[limit - 1].revision : 0);
    }
    free(records);
}

/* ---- deploying ---- */

static void answer_invalid(struct http_exchange *exchange, const struct deploy_answer *answer)
{
    struct validation validation = {.count = 0};
    struct problem_extras extras = {.validation = &validation};

    for (size_t i = 0; i < answer->problem_count && i < DEPLOY_PROBLEMS_MAX; i++) {
        const struct policy_problem *problem = &answer->problems[i];
        bool is_spec = strstr(problem->file, "_spec.lua") != NULL;
        char detail[sizeof(problem->text) + 32];

        if (problem->line > 0)
            snprintf(detail, sizeof(detail), "line %d: %s", problem->line, problem->text);
        else
            snprintf(detail, sizeof(detail), "%s", problem->text);
        validation_fail(&validation, strcmp(problem->file, "settings") == 0 ? "/settings" : is_spec ? "/spec" : "/source", detail);
    }
    exchange_problem_with(exchange, PROBLEM_POLICY_INVALID, NULL, &extras);
}

void answer_deploy(struct http_exchange *exchange, struct deploy_answer *answer, const char *name)
{
    struct json_writer *body = exchange_body(exchange);

    switch (answer->verdict) {
    case DEPLOY_DONE:
    case DEPLOY_UNCHANGED:
        json_begin_object(body);
        json_put_string(body, "name", name);
        json_put_integer(body, "revision", answer->revision);
        json_put_integer(body, "previous", answer->previous);
        json_put_string(body, "mode", policy_mode_text(answer->mode));
        json_put_boolean(body, "changed", answer->verdict == DEPLOY_DONE);
        json_name(body, "specs");
        json_begin_object(body);
        json_put_integer(body, "passed", (int64_t)answer->specs_passed);
        json_put_integer(body, "failed", (int64_t)answer->specs_failed);
        json_end_object(body);
        json_end_object(body);
        exchange_send_json(exchange, answer->is_new ? 201 : 200);
        break;
    case DEPLOY_INVALID:
        answer_invalid(exchange, answer);
        break;
    case DEPLOY_NO_POLICY:
        exchange_problem(exchange, PROBLEM_POLICY_NOT_FOUND, NULL);
        break;
    case DEPLOY_NO_REVISION:
        exchange_problem(exchange, PROBLEM_POLICY_NOT_FOUND, "This policy has no such revision; GET .../revisions lists them.");
        break;
    case DEPLOY_TOO_MANY:
        exchange_problem(exchange, PROBLEM_POLICY_INVALID, "As many policies as can be are in force; take one of them out first.");
        break;
    case DEPLOY_STORAGE_UNAVAILABLE:
        exchange_problem(exchange, PROBLEM_STORAGE_UNAVAILABLE, NULL);
        break;
    case DEPLOY_OVERLOADED:
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
        break;
    }
    free(answer);
}

static void read_rights(struct validation *validation, const struct json_value *value, struct deploy_request *request)
{
    request->has_rights = value != NULL;
    for (size_t i = 0; i < json_length(value); i++) {
        const char *text = json_as_string(json_element(value, i), NULL);
        enum policy_right right;

        if (text && policy_right_parse(text, &right) == OST_OK)
            request->rights |= 1u << right;
        else
            validation_fail(validation, "/rights", "is a list of rights; there is \"override\"");
    }
    if (value && json_kind(value) != JSON_IS_ARRAY)
        validation_fail(validation, "/rights", "is a list of rights; there is \"override\"");
}

static void read_order(struct validation *validation, const struct json_value *body, struct deploy_request *request)
{
    const struct json_value *value = json_member(body, "order");

    request->has_order = value != NULL;
    request->order_is_own = value && json_kind(value) == JSON_IS_NULL;
    if (value && !request->order_is_own)
        request->order = (int)validation_integer(validation, body, "order", -1000000, 1000000);
}

static void read_mode(struct validation *validation, const struct json_value *body, struct deploy_request *request)
{
    const char *mode = validation_text(validation, body, "mode", false);

    request->mode = validation_boolean(validation, body, "activate", true) ? POLICY_ON : POLICY_OFF;
    if (!mode)
        return;
    if (policy_mode_parse(mode, &request->mode) != OST_OK || request->mode == POLICY_OFF)
        validation_fail(validation, "/mode", "must be on or shadow; activate false only stores the revision");
}

static void read_deploy(struct validation *validation, const struct json_value *body, struct deploy_request *request)
{
    const char *fail = validation_text(validation, body, "fail", false);

    validation_text(validation, body, "source", false);
    validation_text(validation, body, "spec", false);
    request->source = json_as_string(json_member(body, "source"), &request->source_length);
    request->spec = json_as_string(json_member(body, "spec"), &request->spec_length);
    request->message = validation_text(validation, body, "message", false);
    request->settings = json_member(body, "settings");
    if (request->settings && json_kind(request->settings) != JSON_IS_OBJECT)
        validation_fail(validation, "/settings", "must be an object: a value for each setting that is to change, null for its default");
    if (request->message && strlen(request->message) >= REASON_BYTES)
        validation_fail(validation, "/message", "is too long; a sentence is enough");
    if (fail && policy_fail_parse(fail, &request->fail) != OST_OK)
        validation_fail(validation, "/fail", "must be standard, open or closed");
    request->has_fail = fail != NULL;
    read_order(validation, body, request);
    read_rights(validation, json_member(body, "rights"), request);
    read_mode(validation, body, request);
    if (!request->source && !request->spec && !request->settings && !request->has_order && !request->has_rights && !request->has_fail &&
        !json_member(body, "source"))
        validation_fail(validation, "/source", "is required, or something else that is to change: settings, order, rights, fail, spec");
}

void handle_policy_deploy(struct http_exchange *exchange)
{
    static const char *const members[] = {"source", "spec", "settings", "order", "rights", "fail", "message", "activate", "mode", NULL};
    const struct http_request *request = exchange_request(exchange);
    struct deploy_request deploy = {.name = request->parameters[0], .actor = request->caller->actor};
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    struct deploy_answer *answer;

    if (!document)
        return;
    if (json_kind(json_root(document)) == JSON_IS_OBJECT)
        read_deploy(&validation, json_root(document), &deploy);
    if (!slug_is_valid(deploy.name))
        validation_fail(&validation, "", "the name of a policy has small letters, digits and hyphens");
    answer = malloc(sizeof(*answer));
    if (!answer) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
    } else if (respond_invalid(exchange, &validation)) {
        free(answer);
    } else {
        policy_deploy(api_of(exchange)->policies, &deploy, answer);
        answer_deploy(exchange, answer, deploy.name);
    }
    json_free(document);
}

void handle_policy_activate(struct http_exchange *exchange)
{
    static const char *const members[] = {"revision", "mode", "message", NULL};
    const struct http_request *request = exchange_request(exchange);
    struct validation validation = {.count = 0};
    struct json_document *document = respond_read_body(exchange, members, &validation);
    const struct json_value *body = document ? json_root(document) : NULL;
    struct deploy_answer *answer;
    enum policy_mode mode = POLICY_ON;
    const char *text = NULL, *message = NULL;
    int64_t revision = 0;

    if (!document)
        return;
    if (json_kind(body) == JSON_IS_OBJECT) {
        text = validation_text(&validation, body, "mode", false);
        message = validation_text(&validation, body, "message", false);
        if (text && policy_mode_parse(text, &mode) != OST_OK)
            validation_fail(&validation, "/mode", "must be on, shadow or off");
        if (mode != POLICY_OFF || json_member(body, "revision"))
            revision = validation_integer(&validation, body, "revision", 1, INT32_MAX);
    }
    answer = malloc(sizeof(*answer));
    if (!answer) {
        exchange_problem(exchange, PROBLEM_OVERLOADED, NULL);
    } else if (respond_invalid(exchange, &validation)) {
        free(answer);
    } else {
        policy_activate(api_of(exchange)->policies, request->parameters[0], (int)revision, mode, message, request->caller->actor, answer);
        answer_deploy(exchange, answer, request->parameters[0]);
    }
    json_free(document);
}
