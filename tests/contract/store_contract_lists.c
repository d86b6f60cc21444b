/* The contract of stores: lists of plates and users, what they tell of a visit, and all that is listed page by page. */
#include <string.h>

#include "tests/contract/store_contract_bench.h"

/* ---- entries of lists ---- */

static void put_entry(struct bench *bench, const char *list, const char *entry, int64_t valid_until_ms)
{
    struct store_change *change = a_change(STORE_LIST_ENTRY);

    strcpy(change->u.list.entry.list, list);
    strcpy(change->u.list.entry.entry, entry);
    change->u.list.entry.valid_until_ms = valid_until_ms;
    assert_int_equal(result_of(bench, change), STORE_DONE);
}

static enum store_result remove_entry(struct bench *bench, const char *list, const char *entry)
{
    struct store_change *change = a_change(STORE_LIST_ENTRY);

    strcpy(change->u.list.entry.list, list);
    strcpy(change->u.list.entry.entry, entry);
    change->u.list.remove = true;
    return result_of(bench, change);
}

static void a_list_is_shown_in_the_order_of_its_entries(void **state)
{
    struct bench *bench = *state;
    struct list_entry entries[2];
    size_t count;

    put_entry(bench, "guests", "NLC", 0);
    put_entry(bench, "guests", "NLA", 0);
    put_entry(bench, "guests", "NLB", 0);
    put_entry(bench, "others", "NLB2", 0);
    put_entry(bench, "guests", "NLA", 5); /* put again: replaced */
    assert_ok(bench->store->ops->list_entries(bench->store, "guests", "", 2, entries, &count));
    assert_int_equal(count, 2);
    assert_string_equal(entries[0].entry, "NLA");
    assert_int_equal(entries[0].valid_until_ms, 5);
    assert_string_equal(entries[1].entry, "NLB");
    assert_ok(bench->store->ops->list_entries(bench->store, "guests", "NLB", 2, entries, &count));
    assert_int_equal(count, 1);
    assert_string_equal(entries[0].entry, "NLC");
    assert_string_equal(entries[0].list, "guests");
}

/* ---- what is known of a visit ---- */

static struct visit_facts facts_at(struct bench *bench, const char *plate, const char *user, int64_t now_ms)
{
    struct visit_facts facts;

    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", plate, user, 0, now_ms, &facts));
    return facts;
}

static void a_visit_knows_its_lists(void **state)
{
    struct bench *bench = *state;
    struct visit_facts facts;
    int64_t now_ms = clock_wall_ms(&bench->clock);

    put_entry(bench, "season", "NLAB12CD", 0);
    put_entry(bench, "staff", "user:bert", 0);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "anna", 0, now_ms, &facts));
    assert_int_equal(facts.kind, VISIT_SEASON);
    assert_int_equal(facts.list_count, 1);
    assert_int_equal(facts.season_holders, 1);
    assert_false(facts.inside);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "bert", 0, now_ms, &facts));
    assert_int_equal(facts.kind, VISIT_STAFF);
    park(bench, "anna", "NLAB12CD");
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "anna", 0, now_ms, &facts));
    assert_true(facts.inside);
    assert_int_equal(facts.visits_today, 1);
    assert_int_equal(remove_entry(bench, "season", "NLAB12CD"), STORE_DONE);
    assert_int_equal(remove_entry(bench, "season", "NLAB12CD"), STORE_NO_SUCH);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLAB12CD", "anna", 0, now_ms, &facts));
    assert_int_equal(facts.season_holders, 0);
    assert_int_equal(facts.kind, VISIT_VISITOR);
}

static void an_entry_may_be_a_glob_for_many_plates(void **state)
{
    struct bench *bench = *state;

    put_entry(bench, "season", "NL-##-?*", 0);
    assert_int_equal(facts_at(bench, "NL12X", "anna", 1).kind, VISIT_SEASON);
    assert_int_equal(facts_at(bench, "NL12XYZ", "anna", 1).kind, VISIT_SEASON);
    assert_int_equal(facts_at(bench, "NL12", "anna", 1).kind, VISIT_VISITOR);
    assert_int_equal(facts_at(bench, "NLX2X", "anna", 1).kind, VISIT_VISITOR);
    put_entry(bench, "staff", "user:*", 0); /* users are meant as they are written */
    assert_int_equal(facts_at(bench, "NLX2X", "anna", 1).kind, VISIT_VISITOR);
    assert_int_equal(facts_at(bench, "NLX2X", "*", 1).kind, VISIT_STAFF);
}

static void a_visit_on_several_lists_is_of_the_strongest_kind_and_names_each_once(void **state)
{
    struct bench *bench = *state;
    struct visit_facts facts;

    put_entry(bench, "booking", "NLA", 0);
    put_entry(bench, "season", "NLA", 0);
    put_entry(bench, "season", "NL*", 0);
    put_entry(bench, "season", "user:anna", 0);
    facts = facts_at(bench, "NLA", "anna", 1);
    assert_int_equal(facts.kind, VISIT_SEASON);
    assert_int_equal(facts.list_count, 2);
    assert_int_equal(facts.season_holders, 3);
}

static void a_visit_on_more_lists_than_it_can_name_keeps_its_kind(void **state)
{
    struct bench *bench = *state;
    struct visit_facts facts;
    int kinds = 0;

    for (unsigned i = 0; i < LISTS_PER_VISIT_MAX; i++) {
        char list[3] = {'a', (char)('a' + i), 0};

        put_entry(bench, list, "NLA", 0);
    }
    put_entry(bench, "staff", "NLA", 0);
    put_entry(bench, "booking", "NL?", 0);
    facts = facts_at(bench, "NLA", "anna", 1);
    assert_int_equal(facts.kind, VISIT_STAFF);
    assert_int_equal(facts.list_count, LISTS_PER_VISIT_MAX);
    for (unsigned i = 0; i < facts.list_count; i++)
        kinds += strcmp(facts.lists[i], "staff") == 0 || strcmp(facts.lists[i], "booking") == 0;
    assert_int_equal(kinds, 2);
}

static void an_entry_counts_until_its_last_millisecond(void **state)
{
    struct bench *bench = *state;

    put_entry(bench, "season", "NLA", 1000);
    put_entry(bench, "season", "NLB*", 1000);
    assert_int_equal(facts_at(bench, "NLA", "anna", 999).kind, VISIT_SEASON);
    assert_int_equal(facts_at(bench, "NLA", "anna", 1000).kind, VISIT_VISITOR);
    assert_int_equal(facts_at(bench, "NLB1", "anna", 999).kind, VISIT_SEASON);
    assert_int_equal(facts_at(bench, "NLB1", "anna", 1000).kind, VISIT_VISITOR);
}

static void a_visit_knows_when_its_plate_last_left(void **state)
{
    struct bench *bench = *state;
    struct store_change *stop = a_stop(bench, park(bench, "anna", "NLA"), "parkapp");
    struct store_change *left = an_outcome(bench, stop->command);
    struct visit_facts facts;

    left->u.outcome.opening.command.relay_fired_at_ms = 4321;
    assert_int_equal(result_of(bench, stop), STORE_DONE);
    assert_int_equal(facts_at(bench, "NLA", "anna", 1).last_exit_ms, 0);
    assert_int_equal(result_of(bench, left), STORE_DONE);
    facts = facts_at(bench, "NLA", "anna", 1);
    assert_int_equal(facts.last_exit_ms, 4321);
    assert_false(facts.inside);
    assert_int_equal(facts.visits_today, 1);
    assert_ok(bench->store->ops->read_facts(bench->store, "nassaukade", "NLA", "anna",
                                            clock_wall_ms(&bench->clock) + 60000, 1, &facts)); /* another day */
    assert_int_equal(facts.visits_today, 0);
    assert_ok(bench->store->ops->read_facts(bench->store, "oostpoort", "NLA", "anna", 0, 1, &facts));
    assert_int_equal(facts.last_exit_ms, 0);
    assert_int_equal(facts.visits_today, 0);
}

/* ---- pages ---- */

static void sessions_are_listed_newest_first_across_active_and_past(void **state)
{
    struct bench *bench = *state;
    struct session_filter filter = {.active = true, .ended = true};
    struct session page[2];
    struct uuid ids[3];
    store_cursor next;
    size_t count;

    ids[0] = park(bench, "anna", "NLA");
    ids[1] = park(bench, "bert", "NLB");
    ids[2] = park(bench, "cees", "NLC");
    assert_int_equal(result_of(bench, a_stop(bench, ids[1], "parkapp")), STORE_DONE);
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(page[0].id, ids[2]));
    assert_true(uuid_equal(page[1].id, ids[1]));
    assert_true(next != 0);
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, next, 2, page, &count, &next));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(page[0].id, ids[0]));
    assert_int_equal(next, 0);
    filter.active = false;
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 1);
    filter = (struct session_filter){.active = true, .ended = true, .user_id = "cees", .partner_id = "other"};
    assert_ok(bench->store->ops->list_sessions(bench->store, &filter, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 0);
}

static void sessions_are_listed_by_each_filter(void **state)
{
    struct bench *bench = *state;
    const struct session_filter filters[] = {
        {.active = true, .ended = true, .plate = "NLA"},
        {.active = true, .ended = true, .user_id = "anna"},
        {.active = true, .ended = true, .garage_id = "oostpoort"},
        {.active = true, .ended = true, .partner_id = "other"},
        {.active = true, .ended = true, .partner_id = "other", .user_id = "anna", .garage_id = "oostpoort", .plate = "NLA"},
    };
    const size_t filter_count = sizeof(filters) / sizeof(filters[0]);
    struct store_change *wanted = a_start(bench, "anna", "NLA");
    struct uuid id = wanted->session->id;
    struct session page[2];
    store_cursor next;
    size_t count;

    strcpy(wanted->session->partner_id, "other");
    strcpy(wanted->session->garage_id, "oostpoort");
    assert_int_equal(result_of(bench, wanted), STORE_DONE);
    park(bench, "bert", "NLB");
    for (size_t i = 0; i < 2 * filter_count; i++) {
        if (i == filter_count) /* and once more among those that ended */
            assert_int_equal(result_of(bench, a_stop(bench, id, "other")), STORE_DONE);
        assert_ok(bench->store->ops->list_sessions(bench->store, &filters[i % filter_count], INT64_MAX, 2, page, &count, &next));
        assert_int_equal(count, 1);
        assert_int_equal(next, 0);
        assert_true(uuid_equal(page[0].id, id));
    }
}

static void openings_are_listed_newest_first_page_by_page(void **state)
{
    static const char *const users[] = {"anna", "bert", "cees"};
    struct bench *bench = *state;
    struct door_opening page[2];
    struct uuid commands[3];
    store_cursor next;
    size_t count;

    for (size_t i = 0; i < 3; i++) {
        struct store_change *start = a_start(bench, users[i], users[i]);
        struct store_change *outcome = an_outcome(bench, start->command);

        strcpy(start->command->traceparent, "00-trace");
        commands[i] = start->command->id;
        assert_int_equal(result_of(bench, start), STORE_DONE);
        assert_int_equal(result_of(bench, outcome), STORE_DONE);
    }
    assert_ok(bench->store->ops->list_openings(bench->store, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 2);
    assert_true(uuid_equal(page[0].command.id, commands[2]));
    assert_true(uuid_equal(page[1].command.id, commands[1]));
    assert_int_equal(next, uuid_order(page[1].id));
    assert_ok(bench->store->ops->list_openings(bench->store, next, 2, page, &count, &next));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(page[0].command.id, commands[0]));
    assert_string_equal(page[0].command.actor, "partner/parkapp");
    assert_int_equal(page[0].command.status, COMMAND_OPENED);
    assert_string_equal(page[0].command.traceparent, "00-trace");
    assert_int_equal(next, 0);
}

static void staffs_deeds_are_listed_newest_first_page_by_page(void **state)
{
    static const char *const reasons[] = {"One.", "Two.", "Three."};
    struct bench *bench = *state;
    struct audit_line page[2];
    store_cursor next;
    size_t count;

    for (size_t i = 0; i < 4; i++) { /* the last one is nobody's, and leaves no line */
        struct store_change *change = a_change(STORE_GARAGE_STATE);

        strcpy(change->u.garage.garage_id, "nassaukade");
        if (i < 3)
            with_audit(bench, change, reasons[i]);
        assert_int_equal(result_of(bench, change), STORE_DONE);
    }
    assert_ok(bench->store->ops->list_audit(bench->store, INT64_MAX, 2, page, &count, &next));
    assert_int_equal(count, 2);
    assert_string_equal(page[0].reason, "Three.");
    assert_string_equal(page[1].reason, "Two.");
    assert_int_equal(next, uuid_order(page[1].id));
    assert_ok(bench->store->ops->list_audit(bench->store, next, 2, page, &count, &next));
    assert_int_equal(count, 1);
    assert_string_equal(page[0].reason, "One.");
    assert_string_equal(page[0].actor, "staff/t1");
    assert_string_equal(page[0].action, "garage.state");
    assert_string_equal(page[0].subject, "garage/nassaukade");
    assert_int_equal(next, 0);
}

int store_contract_run_lists(const char *name)
{
    const struct CMUnitTest cases[] = {
        CASE(a_list_is_shown_in_the_order_of_its_entries),
        CASE(a_visit_knows_its_lists),
        CASE(an_entry_may_be_a_glob_for_many_plates),
        CASE(a_visit_on_several_lists_is_of_the_strongest_kind_and_names_each_once),
        CASE(a_visit_on_more_lists_than_it_can_name_keeps_its_kind),
        CASE(an_entry_counts_until_its_last_millisecond),
        CASE(a_visit_knows_when_its_plate_last_left),
        CASE(sessions_are_listed_newest_first_across_active_and_past),
        CASE(sessions_are_listed_by_each_filter),
        CASE(openings_are_listed_newest_first_page_by_page),
        CASE(staffs_deeds_are_listed_newest_first_page_by_page),
    };

    return cmocka_run_group_tests_name(name, cases, NULL, NULL);
}
