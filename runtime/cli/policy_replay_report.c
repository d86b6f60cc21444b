/* What came out of a replay: counts, and the differences in groups, with cars and money. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cli/policy_replay.h"

/* ---- cars ---- */

/* FNV-1a, never 0 (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t hash_of(const char *plate, size_t group)
{
    uint64_t hash = 14695981039346656037u ^ group;

    for (; *plate; plate++)
        hash = (hash ^ (unsigned char)*plate) * 1099511628211u;
    return hash ? hash : 1;
}

/* True: it was not in yet. */
static bool put(uint64_t *slots, size_t count, uint64_t hash)
{
    size_t at = hash & (count - 1);

    while (slots[at] && slots[at] != hash)
        at = (at + 1) & (count - 1);
    if (slots[at])
        return false;
    slots[at] = hash;
    return true;
}

static bool grow(struct replay_report *report)
{
    size_t wanted = report->car_slots ? 2 * report->car_slots : 1024;
    uint64_t *slots;

    if (2 * report->car_count < report->car_slots)
        return true;
    slots = calloc(wanted, sizeof(*slots));
    if (!slots)
        return false;
    for (size_t i = 0; i < report->car_slots; i++) {
        if (report->cars[i])
            put(slots, wanted, report->cars[i]);
    }
    free(report->cars);
    report->cars = slots;
    report->car_slots = wanted;
    return true;
}

/* Without memory it counts as another car: rather too many are told of than too few. */
static bool is_new_car(struct replay_report *report, size_t group, const char *plate)
{
    bool is_new = !grow(report) || put(report->cars, report->car_slots, hash_of(plate, group));

    report->car_count += is_new;
    return is_new;
}

/* ---- groups ---- */

void replay_report_add(struct replay_report *report, const char *from, const char *to, const char *plate, int64_t money)
{
    struct replay_group *group;
    size_t at = 0;

    report->changed++;
    while (at < report->group_count && (strcmp(report->groups[at].from, from) != 0 || strcmp(report->groups[at].to, to) != 0))
        at++;
    if (at == REPLAY_GROUPS_MAX) { /* what is more is told as one */
        at--;
        snprintf(report->groups[at].from, OUTCOME_TEXT_BYTES, "other");
        snprintf(report->groups[at].to, OUTCOME_TEXT_BYTES, "other");
    }
    group = &report->groups[at];
    if (at == report->group_count) {
        report->group_count++;
        snprintf(group->from, sizeof(group->from), "%s", from);
        snprintf(group->to, sizeof(group->to), "%s", to);
    }
    group->decisions++;
    group->cars += is_new_car(report, at, plate);
    group->money += money;
}

void replay_report_end(struct replay_report *report)
{
    free(report->cars);
    report->cars = NULL;
}

/* ---- printing ---- */

void replay_report_progress(const struct replay_report *report, bool is_last)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%zu decisions replayed, %zu differ%s", report->seen, report->changed, is_last ? "\n" : "");
    fflush(stderr);
}

static void print_money(int64_t money)
{
    printf(", %s%lld.%02lld", money < 0 ? "-" : "+", (long long)llabs(money) / 100, (long long)llabs(money) % 100);
}

static void print_rest(size_t count, const char *why)
{
    if (count > 0)
        printf("%zu could not be: %s\n", count, why);
}

static void print_text(const struct replay_report *report)
{
    printf("%zu decisions were replayed: %zu come out the same, %zu differ\n", report->equal + report->changed, report->equal, report->changed);
    for (size_t i = 0; i < report->group_count; i++) {
        const struct replay_group *group = &report->groups[i];

        printf("  %-28s -> %-28s %6zu decisions, %zu cars", group->from, group->to, group->decisions, group->cars);
        if (group->money)
            print_money(group->money);
        printf("\n");
    }
    print_rest(report->without_inputs, "no policy was asked then, or their inputs are not kept");
    print_rest(report->erased, "whose they were is erased");
    print_rest(report->unknown, "a revision that made them is not kept any more");
    print_rest(report->failed, "there was no memory to ask");
}

static void print_json(const struct replay_report *report)
{
    static char text[65536];
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    json_put_integer(&writer, "same", (int64_t)report->equal);
    json_put_integer(&writer, "different", (int64_t)report->changed);
    json_put_integer(&writer, "withoutInputs", (int64_t)report->without_inputs);
    json_put_integer(&writer, "erased", (int64_t)report->erased);
    json_put_integer(&writer, "unknownRevision", (int64_t)report->unknown);
    json_name(&writer, "groups");
    json_begin_array(&writer);
    for (size_t i = 0; i < report->group_count; i++) {
        json_begin_object(&writer);
        json_put_string(&writer, "from", report->groups[i].from);
        json_put_string(&writer, "to", report->groups[i].to);
        json_put_integer(&writer, "decisions", (int64_t)report->groups[i].decisions);
        json_put_integer(&writer, "cars", (int64_t)report->groups[i].cars);
        json_put_integer(&writer, "money", report->groups[i].money);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    printf("%.*s\n", (int)writer.length, text);
}

void replay_report_print(const struct replay_report *report, bool as_json)
{
    if (as_json)
        print_json(report);
    else
        print_text(report);
}
