/*
 * policy replay: what was decided, decided again - by the very revisions that did, or with a candidate in the place of one.
 * The decisions and the revisions come from the running device; they are run here, by the same host.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/cli/policy_replay.h"
#include "runtime/core/time_text.h"

#define ZONES_MAX 8

struct replay {
    struct cli *cli;
    struct policy_host *host;
    const char *name;
    struct policy_file candidate;
    bool has_candidate;
    unsigned triggers;        /* of the candidate; else all */
    struct replay_sets *sets;
    struct replay_report report;
    struct {
        char name[64];
        struct zone *zone;
    } zones[ZONES_MAX];
    size_t zone_count;
    struct decision then, now;
};

/* ---- one decision ---- */

static const struct zone *zone_of(struct replay *replay, const char *name)
{
    for (size_t i = 0; i < replay->zone_count; i++) {
        if (strcmp(replay->zones[i].name, name) == 0)
            return replay->zones[i].zone;
    }
    if (replay->zone_count == ZONES_MAX || zone_create(name, &replay->zones[replay->zone_count].zone) != OST_OK)
        return NULL;
    snprintf(replay->zones[replay->zone_count].name, sizeof(replay->zones[0].name), "%s", name);
    return replay->zones[replay->zone_count++].zone;
}

static void name_outcome(const struct decision *decision, char *text, size_t bytes)
{
    const char *outcome = decision_outcome_text(decision->outcome);

    if (decision->outcome == DECISION_ALLOWED)
        snprintf(text, bytes, "%s", outcome);
    else
        snprintf(text, bytes, "%s %s", outcome, decision->reasons[0].code);
}

static bool is_as_recorded(const struct json_value *item, const struct decision *decision)
{
    const struct json_value *result = json_member(item, "result"), *price = json_member(result, "price");
    const char *code = cli_text(json_element(json_member(item, "reasons"), 0), "code");
    const char *leave_by = json_as_string(json_member(result, "leaveBy"), NULL);
    char now[CLOCK_TEXT_BYTES];

    clock_format(decision->leave_by_ms, now);
    return strcmp(cli_text(item, "outcome"), decision_outcome_text(decision->outcome)) == 0 &&
           (decision->outcome == DECISION_ALLOWED || strcmp(code, decision->reasons[0].code) == 0) &&
           (price != NULL) == decision->price.is_set && json_as_integer(price, 0) == decision->price.amount &&
           (leave_by ? strcmp(leave_by, now) == 0 : decision->leave_by_ms == 0);
}

static bool differ(const struct decision *a, const struct decision *b)
{
    return a->outcome != b->outcome || (a->outcome != DECISION_ALLOWED && strcmp(a->reasons[0].code, b->reasons[0].code) != 0) ||
           a->leave_by_ms != b->leave_by_ms || a->price.is_set != b->price.is_set || a->price.amount != b->price.amount;
}

/* False: it cannot be asked again, and why is counted. */
static bool read_visit(struct replay *replay, const struct json_value *item, struct policy_visit *visit)
{
    const struct json_value *inputs = json_member(item, "inputs");

    if (json_kind(inputs) != JSON_IS_OBJECT || policy_visit_read(inputs, visit) != OST_OK) {
        replay->report.without_inputs++;
        return false;
    }
    visit->zone = zone_of(replay, cli_text(item, "timezone"));
    replay->report.erased += !visit->plate[0];
    replay->report.without_inputs += visit->plate[0] && !visit->zone;
    return visit->plate[0] && visit->zone;
}

static bool ask(struct replay *replay, struct policy_set *set, const struct policy_question *question, struct decision *out)
{
    if (replay->host->ops->decide(replay->host, set, question, out) == OST_OK)
        return true;
    replay->report.failed++;
    return false;
}

/* Asked again, by those who were asked then: equal, or told as a difference. */
static void compare_with_record(struct replay *replay, const struct json_value *item, const struct policy_visit *visit)
{
    const char *code = cli_text(json_element(json_member(item, "reasons"), 0), "code");
    char from[OUTCOME_TEXT_BYTES], to[OUTCOME_TEXT_BYTES];

    if (is_as_recorded(item, &replay->then)) {
        replay->report.equal++;
        return;
    }
    name_outcome(&replay->then, to, sizeof(to));
    snprintf(from, sizeof(from), "%s%s%s", cli_text(item, "outcome"), strcmp(code, "-") == 0 ? "" : " ", strcmp(code, "-") == 0 ? "" : code);
    replay_report_add(&replay->report, from, to, visit->plate, 0);
}

static void compare_with_candidate(struct replay *replay, const struct policy_visit *visit)
{
    char from[OUTCOME_TEXT_BYTES], to[OUTCOME_TEXT_BYTES];

    if (!differ(&replay->then, &replay->now)) {
        replay->report.equal++;
        return;
    }
    name_outcome(&replay->then, from, sizeof(from));
    name_outcome(&replay->now, to, sizeof(to));
    replay_report_add(&replay->report, from, to, visit->plate, replay->now.price.amount - replay->then.price.amount);
}

static void replay_one(struct replay *replay, const struct json_value *item)
{
    struct policy_visit visit;
    struct policy_question question = {.visit = &visit, .no_shadows = true, .wait_ms = 1000};
    const struct replay_pair *pair;

    if (policy_trigger_parse(cli_text(item, "trigger"), &question.trigger) != OST_OK || question.trigger > TRIGGER_DOOR_REQUEST ||
        !(replay->triggers & 1u << question.trigger))
        return;
    replay->report.seen++;
    if (!read_visit(replay, item, &visit))
        return;
    pair = replay_sets_find(replay->sets, json_member(item, "revisions"));
    if (!pair) {
        replay->report.unknown++;
        return;
    }
    if (!ask(replay, pair->then, &question, &replay->then))
        return;
    if (!replay->has_candidate)
        compare_with_record(replay, item, &visit);
    else if (ask(replay, pair->now, &question, &replay->now))
        compare_with_candidate(replay, &visit);
}

/* ---- all, page by page: the next one is fetched while one is replayed ---- */

struct page {
    struct cli cli;    /* of its thread's own */
    char path[512];
    struct answer answer;
    int code;
};

static void *fetch(void *context)
{
    struct page *page = context;

    page->code = cli_call(&page->cli, "GET", page->path, NULL, &page->answer);
    if (page->code == EXIT_DONE)
        page->code = cli_judge(&page->answer, "");
    if (page->code == EXIT_DONE && !page->answer.document)
        page->code = cli_fail(EXIT_REFUSED, "the runtime's answer cannot be read; was it updated, and this program not?");
    return NULL;
}

/* Replay a page while the one behind it, if there is one, is fetched into *next. */
static void replay_page(struct replay *replay, const struct json_value *page, struct page *next)
{
    const struct json_value *items = json_member(page, "items");
    pthread_t thread;
    bool is_beside = next && pthread_create(&thread, NULL, fetch, next) == 0;

    for (size_t i = 0; i < json_length(items); i++)
        replay_one(replay, json_element(items, i));
    if (is_beside)
        pthread_join(thread, NULL);
    else if (next)
        fetch(next);
}

static int replay_pages(struct replay *replay, const char *since)
{
    struct page pages[2] = {{.cli = *replay->cli}, {.cli = *replay->cli}};
    char base[256];
    bool is_last = false;
    int at = 0, code = EXIT_DONE;

    snprintf(base, sizeof(base), "/v1/decisions?limit=200&order=oldest&since=%s%s%.63s", since, replay->has_candidate ? "" : "&policy=",
             replay->has_candidate ? "" : replay->name);
    snprintf(pages[0].path, sizeof(pages[0].path), "%s", base);
    fetch(&pages[0]);
    while (!is_last) {
        struct page *page = &pages[at], *next = &pages[at = !at];
        const struct json_value *root = page->code == EXIT_DONE ? json_root(page->answer.document) : NULL;
        const char *cursor = json_as_string(json_member(root, "nextCursor"), NULL);

        is_last = !cursor;
        code = page->code;
        if (cursor)
            snprintf(next->path, sizeof(next->path), "%s&cursor=%s", base, cursor);
        replay_page(replay, root, cursor ? next : NULL);
        cli_answer_free(&page->answer);
        if (!replay->cli->json)
            replay_report_progress(&replay->report, is_last);
    }
    return code;
}

/* Availability, door events, schedules and functions: what they saw is not recorded so that they could be asked again. */
static int check_candidate(struct replay *replay, const struct policy_facts *facts)
{
    unsigned recorded = 1u << TRIGGER_SESSION_START | 1u << TRIGGER_SESSION_STOP | 1u << TRIGGER_DOOR_REQUEST;

    replay->triggers = facts->triggers & recorded;
    if (strcmp(facts->name, replay->name) != 0)
        return cli_fail(EXIT_REFUSED, "the candidate calls itself '%s', and not '%s'", facts->name, replay->name);
    if (replay->triggers == 0)
        return cli_fail(EXIT_REFUSED, "%s cannot be replayed: of its triggers the log keeps no inputs; those of session_start, session_stop and door_request it does", facts->name);
    if (facts->triggers & ~recorded)
        fprintf(stderr, "ostler: note: only session_start, session_stop and door_request are replayed; of the other triggers no inputs are kept\n");
    return EXIT_DONE;
}

/* "7d", "12h", "30min" back from now, as RFC 3339; false: it is no time. */
static bool read_since(const char *text, char out[CLOCK_TEXT_BYTES])
{
    int64_t back_ms;

    if (!duration_read(text, &back_ms) || back_ms == 0)
        return false;
    clock_format((int64_t)time(NULL) * 1000 - back_ms, out);
    return true;
}

static void end(struct replay *replay)
{
    replay_sets_destroy(replay->sets);
    replay_report_end(&replay->report);
    for (size_t i = 0; i < replay->zone_count; i++)
        zone_destroy(replay->zones[i].zone);
    policy_file_free(&replay->candidate);
    if (replay->host)
        replay->host->ops->destroy(replay->host);
    free(replay);
}

static int read_candidate(struct replay *replay, const char *path)
{
    struct policy_facts facts;

    if (!policy_file_read(path, NULL, &replay->candidate) || !policy_file_check(replay->host, &replay->candidate, &facts))
        return EXIT_REFUSED;
    return check_candidate(replay, &facts);
}

int policy_replay(struct cli *cli)
{
    const char *since = cli_option(cli, "--since"), *candidate = cli_option(cli, "--candidate");
    struct replay *replay = calloc(1, sizeof(*replay));
    char from[CLOCK_TEXT_BYTES];
    int code = EXIT_DONE;

    if (!replay)
        return cli_fail(EXIT_REFUSED, "there is no memory");
    *replay = (struct replay){.cli = cli, .name = cli->arguments[0], .triggers = UINT32_MAX, .has_candidate = candidate != NULL,
                              .host = policy_files_host()};
    if (replay->host)
        replay->sets = replay_sets_create(cli, replay->host, replay->name, candidate ? &replay->candidate : NULL);
    if (!replay->sets)
        code = cli_fail(EXIT_REFUSED, "there is no memory");
    else if (!read_since(since ? since : "7d", from))
        code = cli_fail(EXIT_USAGE, "--since takes a time such as 7d, 12h or 30min");
    if (code == EXIT_DONE && candidate)
        code = read_candidate(replay, candidate);
    if (code == EXIT_DONE)
        code = replay_pages(replay, from);
    if (code == EXIT_DONE)
        replay_report_print(&replay->report, cli->json);
    end(replay);
    return code;
}
