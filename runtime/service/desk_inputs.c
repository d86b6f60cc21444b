/*
 * What a pending price is reckoned from. The visit alone is not enough: the policies in force when it is priced may be others
 * than those that were asked at the stop, and a set without the broken one would say that nothing is due.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "runtime/service/desk_internal.h"

/* {"visit":...,"incomplete":true,"policies":{"<slug>":<revision>,...}} */
static_assert(POLICY_VISIT_JSON_BYTES + POLICIES_MAX * (SLUG_BYTES + 3 + 11) + 64 < PENDING_INPUTS_BYTES,
              "the longest inputs of a pending price must fit");

static bool listens_to_stop(const struct policy_facts *facts)
{
    return facts->broken || (facts->triggers & (1u << TRIGGER_SESSION_STOP));
}

void desk_inputs_note_policies(struct desk_inputs *inputs, struct policy_lease *lease)
{
    struct policy_facts facts[POLICIES_MAX];
    size_t count = policy_lease_describe(lease, facts, POLICIES_MAX);

    inputs->policy_count = 0;
    for (size_t i = 0; i < count && i < POLICIES_MAX; i++) {
        struct policy_revision *policy = &inputs->policies[inputs->policy_count];

        if (!listens_to_stop(&facts[i]))
            continue;
        /* A policy that does not load is named after its file, which may be called anything. */
        if (!slug_is_valid(facts[i].name)) {
            inputs->policy_count = 0;
            break;
        }
        snprintf(policy->name, sizeof(policy->name), "%s", facts[i].name);
        policy->revision = facts[i].revision;
        inputs->policy_count++;
    }
    inputs->policies_are_known = inputs->policy_count > 0;
}

void desk_inputs_write(const struct desk_inputs *inputs, char text[static PENDING_INPUTS_BYTES])
{
    struct json_writer writer;

    json_writer_init(&writer, text, PENDING_INPUTS_BYTES - 1);
    json_begin_object(&writer);
    json_name(&writer, "visit");
    policy_visit_write(&writer, &inputs->visit);
    if (inputs->is_incomplete)
        json_put_boolean(&writer, "incomplete", true);
    if (inputs->policies_are_known) {
        json_name(&writer, "policies");
        json_begin_object(&writer);
        for (unsigned i = 0; i < inputs->policy_count; i++)
            json_put_integer(&writer, inputs->policies[i].name, inputs->policies[i].revision);
        json_end_object(&writer);
    }
    json_end_object(&writer);
    assert(!writer.overflow);
    text[writer.length] = '\0';
}

static enum ost_status read_policies(const struct json_value *policies, struct desk_inputs *inputs)
{
    const struct json_value *revision;
    void *iterator = NULL;
    const char *name;

    if (!policies)
        return OST_OK;
    if (json_kind(policies) != JSON_IS_OBJECT || json_length(policies) > POLICIES_MAX)
        return OST_CORRUPT;
    while (json_next_member(policies, &iterator, &name, &revision)) {
        struct policy_revision *policy = &inputs->policies[inputs->policy_count++];

        if (!slug_is_valid(name))
            return OST_CORRUPT;
        snprintf(policy->name, sizeof(policy->name), "%s", name);
        policy->revision = (int)json_as_integer(revision, 0);
    }
    inputs->policies_are_known = inputs->policy_count > 0;
    return OST_OK;
}

enum ost_status desk_inputs_read(const char *text, struct desk_inputs *out)
{
    struct json_document *document = NULL;
    const struct json_value *root, *visit;
    enum ost_status status = OST_CORRUPT;
    char error[128];

    memset(out, 0, sizeof(*out));
    if (json_parse(text, strlen(text), 8, &document, error) != OST_OK)
        return OST_CORRUPT;
    root = json_root(document);
    visit = json_member(root, "visit");
    /* Before policies were recorded, the visit was all. */
    status = policy_visit_read(visit ? visit : root, &out->visit);
    out->is_incomplete = json_as_boolean(json_member(root, "incomplete"), false);
    if (status == OST_OK)
        status = read_policies(json_member(root, "policies"), out);
    json_free(document);
    return status;
}

static const struct policy_facts *find_policy(const struct policy_facts *facts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(facts[i].name, name) == 0)
            return &facts[i];
    }
    return NULL;
}

/* Where nobody knows who was asked: the whole set is well, and somebody in it has a say. */
static bool some_policy_can_price(const struct policy_facts *facts, size_t count, char awaited[SLUG_BYTES])
{
    bool somebody = false;

    awaited[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (facts[i].broken) {
            snprintf(awaited, SLUG_BYTES, "%s", facts[i].name);
            return false;
        }
        somebody |= listens_to_stop(&facts[i]);
    }
    return somebody;
}

bool desk_inputs_can_be_priced(const struct desk_inputs *inputs, struct policy_lease *lease, char awaited[SLUG_BYTES])
{
    struct policy_facts facts[POLICIES_MAX];
    size_t count = policy_lease_describe(lease, facts, POLICIES_MAX);

    if (count > POLICIES_MAX)
        count = POLICIES_MAX;
    if (!inputs->policies_are_known)
        return some_policy_can_price(facts, count, awaited);
    for (unsigned i = 0; i < inputs->policy_count; i++) {
        const struct policy_revision *asked = &inputs->policies[i];
        const struct policy_facts *now = find_policy(facts, count, asked->name);

        if (!now || now->broken || now->revision < asked->revision) {
            snprintf(awaited, SLUG_BYTES, "%s", asked->name);
            return false;
        }
    }
    return true;
}
