/*
 * policy replay: what was decided, decided again - by the very revisions that did, or with a candidate in the place of one.
 * The decisions and the revisions come from the running device; they are run here, by the same host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/cli/policy_files.h"
#include "runtime/core/policy.h"

#define RECORDS_MAX 512
#define SETS_MAX 64
#define GROUPS_MAX 64
#define ZONES_MAX 8

struct record {
    char name[SLUG_BYTES];
    int revision;
    char *source, *settings;
    bool has_order;
    int order;
    unsigned rights;
    enum policy_fail fail;
};

/* A set of the revisions that a decision names; where a candidate is tried, a second one with it in. */
struct cached {
    char *key;
    struct policy_set *then, *now;
};

/* Decisions that came out differently in the same way. */
struct group {
    char from[CODE_BYTES + 16], to[CODE_BYTES + 16];
    size_t count, cars;
    char last_plate[PLATE_BYTES];
    int64_t money; /* minor units, more than was */
};

struct replay {
    struct cli *cli;
    struct policy_host *host;
    const char *name;
    struct policy_file candidate;
    bool has_candidate;
    unsigned triggers;        /* of the candidate; else all */
    struct record records[RECORDS_MAX];
    size_t record_count;
    struct cached sets[SETS_MAX];
    size_t set_count;
    struct group groups[GROUPS_MAX];
    size_t group_count;
    struct {
        char name[64];
        struct zone *zone;
    } zones[ZONES_MAX];
    size_t zone_count;
    size_t seen, equal, changed, without_inputs, erased, unknown;
    struct decision then, now;
};

/* ---- revisions ---- */

static void add_record(struct replay *replay, const char *name, const struct json_value *item)
{
    struct record *record = replay->record_count < RECORDS_MAX ? &replay->records[replay->record_count] : NULL;
    const struct json_value *order = json_member(item, "order"), *settings = json_member(item, "settings"), *value;
    char text[POLICY_SETTINGS_BYTES];
    const char *member;
    void *iterator = NULL;
    struct json_writer writer;

    if (!record)
        return;
    replay->record_count++;
    snprintf(record->name, sizeof(record->name), "%s", name);
    record->revision = (int)json_as_integer(json_member(item, "revision"), 0);
    record->source = strdup(cli_text(item, "source"));
    record->has_order = order && json_kind(order) == JSON_IS_INTEGER;
    record->order = (int)json_as_integer(order, 0);
    record->rights = json_length(json_member(item, "rights")) > 0 ? 1u << RIGHT_OVERRIDE : 0;
    if (policy_fail_parse(cli_text(item, "fail"), &record->fail) != OST_OK)
        record->fail = FAIL_STANDARD;
    json_writer_init(&writer, text, sizeof(text) - 1);
    json_begin_object(&writer);
    while (json_next_member(settings, &iterator, &member, &value)) {
        json_write_name(&writer, member);
        json_write_value(&writer, value);
    }
    json_end_object(&writer);
    text[writer.overflow ? 0 : writer.length] = '\0';
    record->settings = strdup(text);
}

/* All revisions of a policy, once. */
static int fetch_records(struct replay *replay, const char *name)
{
    char path[256], cursor[64] = "";
    int code;

    do {
        struct answer answer;
        const char *next = NULL;

        snprintf(path, sizeof(path), "/v1/policies/%.63s/revisions?limit=200%s%s", name, cursor[0] ? "&cursor=" : "", cursor);
        cursor[0] = '\0';
        code = cli_call(replay->cli, "GET", path, NULL, &answer);
        if (code == EXIT_DONE && answer.status == 200 && answer.document) {
            const struct json_value *items = json_member(json_root(answer.document), "items");

            for (size_t i = 0; i < json_length(items); i++)
                add_record(replay, name, json_element(items, i));
            next = json_as_string(json_member(json_root(answer.document), "nextCursor"), NULL);
            snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        }
        cli_answer_free(&answer);
    } while (code == EXIT_DONE && cursor[0]);
    return code;
}

static const struct record *find_record(struct replay *replay, const char *name, int revision)
{
    bool is_known = false;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < replay->record_count; i++) {
            if (strcmp(replay->records[i].name, name) != 0)
                continue;
            is_known = true;
            if (replay->records[i].revision == revision)
                return &replay->records[i];
        }
        if (is_known || fetch_records(replay, name) != EXIT_DONE)
            return NULL;
    }
    return NULL;
}

/* ---- sets ---- */

static struct policy_source source_of(const struct record *record)
{
    struct policy_source source = {.text = record->source, .length = strlen(record->source), .revision = record->revision,
                                   .settings = record->settings, .has_order = record->has_order, .order = record->order,
                                   .rights = record->rights, .fail = record->fail};

    snprintf(source.file, sizeof(source.file), "%.63s.lua", record->name);
    return source;
}

static struct policy_set *compile(struct replay *replay, const struct policy_source *sources, size_t count)
{
    struct policy_problem problem;
    struct policy_set *set = NULL;
    size_t problems;

    if (replay->host->ops->compile(replay->host, sources, count, &set, &problem, 1, &problems) != OST_OK)
        return NULL;
    return set;
}

/* False: a revision that it names is not known any more. */
static bool compile_both(struct replay *replay, const struct json_value *revisions, struct cached *out)
{
    struct policy_source sources[POLICIES_MAX + 1];
    const struct json_value *revision;
    const char *name;
    void *iterator = NULL;
    size_t count = 0, at = POLICIES_MAX;

    while (count < POLICIES_MAX && json_next_member(revisions, &iterator, &name, &revision)) {
        const struct record *record = find_record(replay, name, (int)json_as_integer(revision, 0));

        if (!record)
            return false;
        if (strcmp(name, replay->name) == 0)
            at = count;
        sources[count++] = source_of(record);
    }
    out->then = compile(replay, sources, count);
    if (replay->has_candidate && count < POLICIES_MAX) {
        struct policy_source candidate = at < count ? sources[at] : (struct policy_source){.revision = 0};

        candidate.text = replay->candidate.source;
        candidate.length = replay->candidate.source_length;
        snprintf(candidate.file, sizeof(candidate.file), "%s", replay->candidate.name);
        sources[at < count ? at : count++] = candidate;
        out->now = compile(replay, sources, count);
    }
    return out->then != NULL;
}

static void free_cached(struct replay *replay, struct cached *cached)
{
    if (cached->then)
        replay->host->ops->destroy_set(replay->host, cached->then);
    if (cached->now)
        replay->host->ops->destroy_set(replay->host, cached->now);
    free(cached->key);
    *cached = (struct cached){.key = NULL};
}

static const struct cached *sets_of(struct replay *replay, const struct json_value *revisions)
{
    char key[3072];
    const struct json_value *revision;
    const char *name;
    void *iterator = NULL;
    struct json_writer writer;
    struct cached *cached;

    json_writer_init(&writer, key, sizeof(key) - 1);
    while (json_next_member(revisions, &iterator, &name, &revision)) {
        json_write_string(&writer, name);
        json_write_integer(&writer, json_as_integer(revision, 0));
    }
    key[writer.length] = '\0';
    for (size_t i = 0; i < replay->set_count; i++) {
        if (strcmp(replay->sets[i].key, key) == 0)
            return &replay->sets[i];
    }
    if (replay->set_count == SETS_MAX)
        free_cached(replay, &replay->sets[--replay->set_count]);
    cached = &replay->sets[replay->set_count];
    cached->key = strdup(key);
    if (cached->key && compile_both(replay, revisions, cached)) {
        replay->set_count++;
        return cached;
    }
    free_cached(replay, cached);
    return NULL;
}

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

static void count_difference(struct replay *replay, const char *from, const char *plate, int64_t money)
{
    char to[CODE_BYTES + 16];
    struct group *group = NULL;

    name_outcome(&replay->now, to, sizeof(to));
    for (size_t i = 0; i < replay->group_count && !group; i++) {
        if (strcmp(replay->groups[i].from, from) == 0 && strcmp(replay->groups[i].to, to) == 0)
            group = &replay->groups[i];
    }
    if (!group && replay->group_count < GROUPS_MAX) {
        group = &replay->groups[replay->group_count++];
        snprintf(group->from, sizeof(group->from), "%s", from);
        snprintf(group->to, sizeof(group->to), "%s", to);
    }
    replay->changed++;
    if (!group)
        return;
    group->count++;
    group->cars += strcmp(group->last_plate, plate) != 0; /* the same car again at once is one */
    snprintf(group->last_plate, sizeof(group->last_plate), "%s", plate);
    group->money += money;
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
        replay->without_inputs++;
        return false;
    }
    visit->zone = zone_of(replay, cli_text(item, "timezone"));
    replay->erased += !visit->plate[0];
    replay->without_inputs += visit->plate[0] && !visit->zone;
    return visit->plate[0] && visit->zone;
}

static void replay_one(struct replay *replay, const struct json_value *item)
{
    struct policy_visit visit;
    struct policy_question question = {.visit = &visit, .no_shadows = true, .wait_ms = 1000};
    const struct cached *sets;
    char from[CODE_BYTES + 16];

    if (policy_trigger_parse(cli_text(item, "trigger"), &question.trigger) != OST_OK || question.trigger > TRIGGER_DOOR_REQUEST ||
        !(replay->triggers & 1u << question.trigger))
        return;
    replay->seen++;
    if (!read_visit(replay, item, &visit))
        return;
    sets = sets_of(replay, json_member(item, "revisions"));
    if (!sets || (replay->has_candidate && !sets->now)) {
        replay->unknown++;
        return;
    }
    if (replay->host->ops->decide(replay->host, sets->then, &question, &replay->then) != OST_OK)
        return;
    name_outcome(&replay->then, from, sizeof(from));
    if (!replay->has_candidate) {
        replay->now = replay->then;
        if (is_as_recorded(item, &replay->then))
            replay->equal++;
        else
            count_difference(replay, cli_text(item, "outcome"), visit.plate, 0);
        return;
    }
    if (replay->host->ops->decide(replay->host, sets->now, &question, &replay->now) != OST_OK)
        return;
    if (differ(&replay->then, &replay->now))
        count_difference(replay, from, visit.plate, replay->now.price.amount - replay->then.price.amount);
    else
        replay->equal++;
}

/* ---- all ---- */

static void show_progress(const struct replay *replay, bool is_last)
{
    if (!isatty(STDERR_FILENO) || replay->cli->json)
        return;
    fprintf(stderr, "\r%zu decisions replayed, %zu would differ%s", replay->seen, replay->changed, is_last ? "\n" : "");
    fflush(stderr);
}

static int replay_pages(struct replay *replay, const char *since)
{
    char path[512], cursor[64] = "", filter[128] = "";
    int code;

    if (!replay->has_candidate)
        snprintf(filter, sizeof(filter), "&policy=%.63s", replay->name);
    do {
        struct answer answer;
        const char *next = NULL;

        snprintf(path, sizeof(path), "/v1/decisions?limit=200&order=oldest&since=%s%s%s%s", since, filter, cursor[0] ? "&cursor=" : "", cursor);
        cursor[0] = '\0';
        code = cli_call(replay->cli, "GET", path, NULL, &answer);
        if (code == EXIT_DONE)
            code = cli_judge(&answer, "");
        if (code == EXIT_DONE && answer.document) {
            const struct json_value *items = json_member(json_root(answer.document), "items");

            for (size_t i = 0; i < json_length(items); i++)
                replay_one(replay, json_element(items, i));
            next = json_as_string(json_member(json_root(answer.document), "nextCursor"), NULL);
            snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        }
        cli_answer_free(&answer);
        show_progress(replay, !cursor[0]);
    } while (code == EXIT_DONE && cursor[0]);
    return code;
}

static void print_money(int64_t money)
{
    printf("%s%lld.%02lld", money < 0 ? "-" : "+", (long long)llabs(money) / 100, (long long)llabs(money) % 100);
}

static void print_result(const struct replay *replay)
{
    printf("%zu decisions were replayed: %zu come out the same, %zu differ\n", replay->equal + replay->changed, replay->equal, replay->changed);
    for (size_t i = 0; i < replay->group_count; i++) {
        const struct group *group = &replay->groups[i];

        printf("  %-28s -> %-28s %6zu decisions, %zu cars", group->from, group->to, group->count, group->cars);
        if (group->money) {
            printf(", ");
            print_money(group->money);
        }
        printf("\n");
    }
    if (replay->without_inputs > 0)
        printf("%zu could not be: no policy was asked then, or their inputs are not kept\n", replay->without_inputs);
    if (replay->erased > 0)
        printf("%zu could not be: whose they were is erased\n", replay->erased);
    if (replay->unknown > 0)
        printf("%zu could not be: a revision that made them is not kept any more\n", replay->unknown);
}

static void print_json(const struct replay *replay)
{
    static char text[65536];
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    json_put_integer(&writer, "same", (int64_t)replay->equal);
    json_put_integer(&writer, "different", (int64_t)replay->changed);
    json_put_integer(&writer, "withoutInputs", (int64_t)replay->without_inputs);
    json_put_integer(&writer, "erased", (int64_t)replay->erased);
    json_put_integer(&writer, "unknownRevision", (int64_t)replay->unknown);
    json_name(&writer, "groups");
    json_begin_array(&writer);
    for (size_t i = 0; i < replay->group_count; i++) {
        json_begin_object(&writer);
        json_put_string(&writer, "from", replay->groups[i].from);
        json_put_string(&writer, "to", replay->groups[i].to);
        json_put_integer(&writer, "decisions", (int64_t)replay->groups[i].count);
        json_put_integer(&writer, "cars", (int64_t)replay->groups[i].cars);
        json_put_integer(&writer, "money", replay->groups[i].money);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    printf("%.*s\n", (int)writer.length, text);
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
    char *unit;
    long count = strtol(text, &unit, 10);
    int64_t each_ms = strcmp(unit, "d") == 0 ? 86400000 : strcmp(unit, "h") == 0 ? 3600000 : strcmp(unit, "min") == 0 ? 60000 : 0;

    if (unit == text || count < 1 || count > 100000 || each_ms == 0)
        return false;
    clock_format((int64_t)time(NULL) * 1000 - count * each_ms, out);
    return true;
}

static void end(struct replay *replay)
{
    while (replay->set_count > 0)
        free_cached(replay, &replay->sets[--replay->set_count]);
    for (size_t i = 0; i < replay->record_count; i++) {
        free(replay->records[i].source);
        free(replay->records[i].settings);
    }
    for (size_t i = 0; i < replay->zone_count; i++)
        zone_destroy(replay->zones[i].zone);
    policy_file_free(&replay->candidate);
    if (replay->host)
        replay->host->ops->destroy(replay->host);
    free(replay);
}

int policy_replay(struct cli *cli)
{
    const char *since = cli_option(cli, "--since"), *candidate = cli_option(cli, "--candidate");
    struct replay *replay = calloc(1, sizeof(*replay));
    struct policy_facts facts;
    char from[CLOCK_TEXT_BYTES];
    int code = EXIT_DONE;

    if (!replay || !(replay->host = policy_files_host())) {
        free(replay);
        return cli_fail(EXIT_REFUSED, "there is no memory");
    }
    replay->cli = cli;
    replay->name = cli->arguments[0];
    replay->triggers = UINT32_MAX;
    replay->has_candidate = candidate != NULL;
    if (!read_since(since ? since : "7d", from))
        code = cli_fail(EXIT_USAGE, "--since takes a time such as 7d, 12h or 30min");
    if (code == EXIT_DONE && candidate)
        code = policy_file_read(candidate, NULL, &replay->candidate) && policy_file_check(replay->host, &replay->candidate, &facts)
                   ? check_candidate(replay, &facts) : EXIT_REFUSED;
    if (code == EXIT_DONE)
        code = replay_pages(replay, from);
    if (code == EXIT_DONE && cli->json)
        print_json(replay);
    else if (code == EXIT_DONE)
        print_result(replay);
    end(replay);
    return code;
}
