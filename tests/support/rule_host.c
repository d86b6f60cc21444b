#include "tests/support/rule_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 8

struct rule {
    enum policy_trigger trigger;
    char verb[16];
    char word[32];
    char happened[16]; /* only then; empty: always */
};

struct policy_set {
    size_t count;
    struct {
        struct policy_facts facts;
        struct rule rules[RULES_MAX];
        size_t rule_count;
    } policies[POLICIES_MAX];
};

static bool find_trigger(const char *word, enum policy_trigger *out)
{
    for (int trigger = 0; trigger < TRIGGER_COUNT; trigger++) {
        if (strcmp(word, policy_trigger_text((enum policy_trigger)trigger)) == 0) {
            *out = (enum policy_trigger)trigger;
            return true;
        }
    }
    return false;
}

static bool read_rule(struct policy_set *set, size_t at, const char *line)
{
    struct rule *rule = &set->policies[at].rules[set->policies[at].rule_count];
    char trigger[32] = "";

    if (set->policies[at].rule_count == RULES_MAX ||
        sscanf(line, "%31s %15s %31s %15s", trigger, rule->verb, rule->word, rule->happened) < 2 || !find_trigger(trigger, &rule->trigger))
        return false;
    if (strcmp(rule->word, "-") == 0)
        rule->word[0] = '\0';
    set->policies[at].rule_count++;
    set->policies[at].facts.triggers |= 1u << rule->trigger;
    return true;
}

/* False: the policy does not load. */
static bool read_rules(struct policy_set *set, size_t at, const struct policy_source *source)
{
    char text[1024], why[160], *rest = NULL;

    snprintf(text, sizeof(text), "%.*s", (int)source->length, source->text);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        bool is_schedule = strncmp(line, "at ", 3) == 0;

        if (is_schedule ? policy_schedule_parse(line + 3, &set->policies[at].facts.schedule, why) != OST_OK : !read_rule(set, at, line))
            return false;
    }
    return true;
}

static enum ost_status compile(struct policy_host *host, const struct policy_source *sources, size_t count,
                               struct policy_set **out, struct policy_problem *problems, size_t problems_max,
                               size_t *problem_count)
{
    struct policy_set *set = calloc(1, sizeof(*set));

    (void)host;
    *problem_count = 0;
    if (!set)
        return OST_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct policy_facts *facts = &set->policies[i].facts;

        snprintf(facts->name, sizeof(facts->name), "%.*s", (int)strcspn(sources[i].file, "."), sources[i].file);
        facts->revision = sources[i].revision;
        facts->broken = !read_rules(set, i, &sources[i]);
        if (facts->broken && (*problem_count)++ < problems_max)
            problems[*problem_count - 1] = (struct policy_problem){.text = "a line says nothing known"};
    }
    set->count = count;
    *out = set;
    return OST_OK;
}

static void destroy_set(struct policy_host *host, struct policy_set *set)
{
    (void)host;
    free(set);
}

static enum ost_status check(struct policy_host *host, const struct policy_source *source, struct policy_facts *facts,
                             struct policy_setting *settings, size_t settings_max, size_t *setting_count,
                             struct policy_problem *problems, size_t problems_max, size_t *problem_count)
{
    struct policy_set *set;
    enum ost_status status = compile(host, source, 1, &set, problems, problems_max, problem_count);

    (void)settings;
    (void)settings_max;
    *setting_count = 0;
    if (status != OST_OK)
        return status;
    *facts = set->policies[0].facts;
    destroy_set(host, set);
    return *problem_count > 0 ? OST_INVALID : OST_OK;
}

static size_t describe(struct policy_host *host, const struct policy_set *set, struct policy_facts *out, size_t max)
{
    (void)host;
    for (size_t i = 0; i < set->count && i < max; i++)
        out[i] = set->policies[i].facts;
    return set->count;
}

static bool listens_one(const struct policy_facts *facts, enum policy_trigger trigger)
{
    return facts->broken || (facts->triggers & (1u << trigger));
}

static bool listens(const struct policy_set *set, enum policy_trigger trigger)
{
    for (size_t i = 0; i < set->count; i++) {
        if (listens_one(&set->policies[i].facts, trigger))
            return true;
    }
    return false;
}

/* As the port says: without a broken policy's say nobody gets in. */
static void add_break(const struct policy_visit *visit, struct decision *out)
{
    if (out->trigger == TRIGGER_SESSION_START || (out->trigger == TRIGGER_DOOR_REQUEST && visit->direction == DIRECTION_IN))
        out->outcome = DECISION_BROKEN;
}

static void add_reason(const struct policy_facts *facts, int verb, const char *code, struct decision *out)
{
    struct decision_reason *reason = &out->reasons[out->reason_count++];

    *reason = (struct decision_reason){.revision = facts->revision, .line = 1};
    reason->verb = verb;
    snprintf(reason->policy, sizeof(reason->policy), "%s", facts->name);
    snprintf(reason->code, sizeof(reason->code), "%s", code);
    snprintf(reason->text, sizeof(reason->text), "The rule says so.");
}

static void apply_rule(const struct policy_facts *facts, const struct rule *rule, const struct policy_visit *visit,
                       struct decision *out)
{
    if (rule->happened[0] && strcmp(rule->happened, door_happening_text(visit->happened)) != 0)
        return;
    if (strcmp(rule->verb, "deny") == 0) {
        add_reason(facts, REASON_DENY, rule->word, out);
        out->outcome = DECISION_DENIED;
    } else if (strcmp(rule->verb, "break") == 0) {
        if (rule->word[0] && strcmp(rule->word, visit->plate) != 0)
            return;
        add_reason(facts, REASON_BROKEN, "error", out);
        out->revisions[out->revision_count - 1].breach = BREACH_ERROR;
        add_break(visit, out);
    } else if (strcmp(rule->verb, "charge") == 0) {
        snprintf(out->price.currency, sizeof(out->price.currency), "EUR");
        out->price.is_set = price_add(&out->price, strtol(rule->word, NULL, 10), "Parking") == OST_OK;
    } else if (strcmp(rule->verb, "per-list") == 0) {
        snprintf(out->price.currency, sizeof(out->price.currency), "%s", visit->garage.currency);
        out->price.is_set =
            price_add(&out->price, (int64_t)visit->list_count * strtol(rule->word, NULL, 10), "Lists") == OST_OK;
    } else if (strcmp(rule->verb, "notify") == 0) {
        out->note_authors[out->note_count] = out->revision_count;
        snprintf(out->notes[out->note_count++], REASON_BYTES, "%s", rule->word);
    } else if (strcmp(rule->verb, "state") == 0) {
        out->has_state = garage_state_parse(rule->word, &out->state) == OST_OK;
        out->state_author = out->revision_count;
        snprintf(out->state_reason, sizeof(out->state_reason), "The rule says so.");
    } else if (strcmp(rule->verb, "raise") == 0) {
        struct decision_alarm *alarm = &out->alarms[out->alarm_count++];

        alarm->author = out->revision_count;
        snprintf(alarm->code, sizeof(alarm->code), "%s", rule->word);
        snprintf(alarm->text, sizeof(alarm->text), "%s", visit->cause[0] ? visit->cause : visit->fault);
    }
}

static enum ost_status decide(struct policy_host *host, struct policy_set *set, const struct policy_question *question,
                              struct decision *out)
{
    enum policy_trigger trigger = question->trigger;
    const struct policy_visit *visit = question->visit;

    (void)host;
    memset(out, 0, sizeof(*out));
    out->trigger = trigger;
    for (size_t i = 0; i < set->count; i++) {
        const struct policy_facts *facts = &set->policies[i].facts;
        struct policy_revision *asked = &out->revisions[out->revision_count];

        if (!listens_one(facts, trigger) || (question->only && strcmp(question->only, facts->name) != 0))
            continue;
        out->revision_count++;
        snprintf(asked->name, sizeof(asked->name), "%s", facts->name);
        asked->revision = facts->revision;
        if (facts->broken) {
            add_reason(facts, REASON_BROKEN, "not_loaded", out);
            asked->breach = BREACH_NOT_LOADED;
            add_break(visit, out);
        }
        for (size_t r = 0; !facts->broken && r < set->policies[i].rule_count; r++) {
            if (set->policies[i].rules[r].trigger == trigger)
                apply_rule(facts, &set->policies[i].rules[r], visit, out);
        }
    }
    return OST_OK;
}

static void destroy(struct policy_host *host)
{
    free(host);
}

static const struct policy_host_ops rule_ops = {
    .compile = compile,
    .destroy_set = destroy_set,
    .describe = describe,
    .listens = listens,
    .decide = decide,
    .check = check,
    .destroy = destroy,
};

struct policy_host *rule_host_create(void)
{
    struct policy_host *host = calloc(1, sizeof(*host));

    if (host)
        host->ops = &rule_ops;
    return host;
}
