/* The sets that decisions name: their revisions come from the running device, once, and are compiled here, by the same host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/policy_replay.h"

#define SETS_MAX 64

struct record {
    char name[SLUG_BYTES];
    int revision;
    char *source, *settings;
    bool has_order;
    int order;
    unsigned rights;
    enum policy_fail fail;
};

struct cached {
    char *key;
    uint64_t used; /* the turn it was last asked for */
    struct replay_pair pair;
};

struct replay_sets {
    struct cli *cli;
    struct policy_host *host;
    const char *name;
    const struct policy_file *candidate;
    struct record *records;
    size_t record_count, record_room;
    struct cached sets[SETS_MAX];
    size_t set_count, latest;
    uint64_t turn;
};

/* ---- revisions ---- */

static struct record *new_record(struct replay_sets *sets)
{
    if (sets->record_count == sets->record_room) {
        size_t room = sets->record_room ? 2 * sets->record_room : 128;
        struct record *grown = realloc(sets->records, room * sizeof(*grown));

        if (!grown)
            return NULL;
        sets->records = grown;
        sets->record_room = room;
    }
    sets->records[sets->record_count] = (struct record){.name = ""};
    return &sets->records[sets->record_count++];
}

static char *settings_text(const struct json_value *settings)
{
    char text[POLICY_SETTINGS_BYTES];
    const struct json_value *value;
    const char *member;
    void *iterator = NULL;
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text) - 1);
    json_begin_object(&writer);
    while (json_next_member(settings, &iterator, &member, &value)) {
        json_write_name(&writer, member);
        json_write_value(&writer, value);
    }
    json_end_object(&writer);
    text[writer.overflow ? 0 : writer.length] = '\0';
    return strdup(text);
}

static void add_record(struct replay_sets *sets, const char *name, const struct json_value *item)
{
    struct record *record = new_record(sets);
    const struct json_value *order = json_member(item, "order");

    if (!record)
        return;
    snprintf(record->name, sizeof(record->name), "%s", name);
    record->revision = (int)json_as_integer(json_member(item, "revision"), 0);
    record->source = strdup(cli_text(item, "source"));
    record->settings = settings_text(json_member(item, "settings"));
    record->has_order = order && json_kind(order) == JSON_IS_INTEGER;
    record->order = (int)json_as_integer(order, 0);
    record->rights = json_length(json_member(item, "rights")) > 0 ? 1u << RIGHT_OVERRIDE : 0;
    if (policy_fail_parse(cli_text(item, "fail"), &record->fail) != OST_OK)
        record->fail = FAIL_STANDARD;
}

/* All revisions of a policy, once. */
static int fetch_records(struct replay_sets *sets, const char *name)
{
    char path[256], cursor[64] = "";
    int code;

    do {
        struct answer answer;
        const char *next = NULL;

        snprintf(path, sizeof(path), "/v1/policies/%.63s/revisions?limit=200%s%s", name, cursor[0] ? "&cursor=" : "", cursor);
        cursor[0] = '\0';
        code = cli_call(sets->cli, "GET", path, NULL, &answer);
        if (code == EXIT_DONE && answer.status == 200 && answer.document) {
            const struct json_value *items = json_member(json_root(answer.document), "items");

            for (size_t i = 0; i < json_length(items); i++)
                add_record(sets, name, json_element(items, i));
            next = json_as_string(json_member(json_root(answer.document), "nextCursor"), NULL);
            snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
        }
        cli_answer_free(&answer);
    } while (code == EXIT_DONE && cursor[0]);
    return code;
}

static const struct record *find_record(struct replay_sets *sets, const char *name, int revision)
{
    bool is_known = false;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sets->record_count; i++) {
            const struct record *record = &sets->records[i];

            if (strcmp(record->name, name) != 0)
                continue;
            is_known = true;
            if (record->revision == revision)
                return record->source && record->settings ? record : NULL;
        }
        if (is_known || fetch_records(sets, name) != EXIT_DONE)
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

static struct policy_set *compile(struct replay_sets *sets, const struct policy_source *sources, size_t count)
{
    struct policy_problem problem;
    struct policy_set *set = NULL;
    size_t problems;

    if (sets->host->ops->compile(sets->host, sources, count, &set, &problem, 1, &problems) != OST_OK)
        return NULL;
    return set;
}

/* False: a revision that it names is not known any more, or there is no memory. */
static bool compile_pair(struct replay_sets *sets, const struct json_value *revisions, struct replay_pair *out)
{
    struct policy_source sources[POLICIES_MAX + 1];
    const struct json_value *revision;
    const char *name;
    void *iterator = NULL;
    size_t count = 0, at = POLICIES_MAX;

    while (count < POLICIES_MAX && json_next_member(revisions, &iterator, &name, &revision)) {
        const struct record *record = find_record(sets, name, (int)json_as_integer(revision, 0));

        if (!record)
            return false;
        if (strcmp(name, sets->name) == 0)
            at = count;
        sources[count++] = source_of(record);
    }
    out->then = compile(sets, sources, count);
    if (sets->candidate && count < POLICIES_MAX) {
        struct policy_source candidate = at < count ? sources[at] : (struct policy_source){.revision = 0};

        candidate.text = sets->candidate->source;
        candidate.length = sets->candidate->source_length;
        snprintf(candidate.file, sizeof(candidate.file), "%s", sets->candidate->name);
        sources[at < count ? at : count++] = candidate;
        out->now = compile(sets, sources, count);
    }
    return out->then && (out->now || !sets->candidate);
}

static void free_cached(struct replay_sets *sets, struct cached *cached)
{
    if (cached->pair.then)
        sets->host->ops->destroy_set(sets->host, cached->pair.then);
    if (cached->pair.now)
        sets->host->ops->destroy_set(sets->host, cached->pair.now);
    free(cached->key);
    *cached = (struct cached){.key = NULL};
}

/* A place for one more: where all are taken, that of the one not asked for the longest. */
static struct cached *make_room(struct replay_sets *sets)
{
    size_t oldest = 0;

    if (sets->set_count < SETS_MAX)
        return &sets->sets[sets->set_count++];
    for (size_t i = 1; i < sets->set_count; i++) {
        if (sets->sets[i].used < sets->sets[oldest].used)
            oldest = i;
    }
    free_cached(sets, &sets->sets[oldest]);
    return &sets->sets[oldest];
}

static struct cached *find_cached(struct replay_sets *sets, const char *key)
{
    for (size_t i = 0; i < sets->set_count; i++) { /* the latest first: decisions come in the order of their time */
        struct cached *cached = &sets->sets[(sets->latest + i) % sets->set_count];

        if (cached->key && strcmp(cached->key, key) == 0)
            return cached;
    }
    return NULL;
}

const struct replay_pair *replay_sets_find(struct replay_sets *sets, const struct json_value *revisions)
{
    char key[POLICIES_MAX * (SLUG_BYTES + 16)];
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
    cached = find_cached(sets, key);
    if (!cached) {
        cached = make_room(sets);
        cached->key = strdup(key);
        if (!cached->key || !compile_pair(sets, revisions, &cached->pair)) {
            free_cached(sets, cached);
            return NULL;
        }
    }
    cached->used = ++sets->turn;
    sets->latest = (size_t)(cached - sets->sets);
    return &cached->pair;
}

/* ---- all ---- */

struct replay_sets *replay_sets_create(struct cli *cli, struct policy_host *host, const char *name, const struct policy_file *candidate)
{
    struct replay_sets *sets = calloc(1, sizeof(*sets));

    if (sets)
        *sets = (struct replay_sets){.cli = cli, .host = host, .name = name, .candidate = candidate};
    return sets;
}

void replay_sets_destroy(struct replay_sets *sets)
{
    if (!sets)
        return;
    for (size_t i = 0; i < sets->set_count; i++)
        free_cached(sets, &sets->sets[i]);
    for (size_t i = 0; i < sets->record_count; i++) {
        free(sets->records[i].source);
        free(sets->records[i].settings);
    }
    free(sets->records);
    free(sets);
}
