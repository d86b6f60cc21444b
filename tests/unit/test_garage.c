#include <string.h>

#include "runtime/core/garage.h"
#include "tests/unit/check.h"

static struct door_plan doors[] = {
    {.garage_id = "north", .id = "in-a", .kind = DOOR_ENTRY},
    {.garage_id = "north", .id = "in-b", .kind = DOOR_ENTRY},
    {.garage_id = "north", .id = "out", .kind = DOOR_EXIT},
};
static struct garage garages[] = {{.id = "north", .doors = doors, .door_count = 3}, {.id = "south"}};
static struct partner partners[] = {{.id = "parkapp"}, {.id = STAFF_PARTNER}};
static const struct site site = {.garages = garages, .garage_count = 2, .partners = partners, .partner_count = 2};

static void what_is_named_is_found_and_nothing_else(void **state)
{
    (void)state;
    assert_ptr_equal(site_find_garage(&site, "south"), &garages[1]);
    assert_null(site_find_garage(&site, "sout"));
    assert_null(site_find_garage(&site, ""));
    assert_ptr_equal(site_find_partner(&site, "staff"), &partners[1]);
    assert_null(site_find_partner(&site, "Staff"));
    assert_ptr_equal(garage_find_door(&garages[0], "out"), &doors[2]);
    assert_null(garage_find_door(&garages[1], "out"));
}

static void the_only_door_of_its_kind_need_not_be_named(void **state)
{
    const struct door_plan *chosen = NULL;

    (void)state;
    assert_ok(garage_choose_door(&garages[0], NULL, DOOR_EXIT, &chosen));
    assert_ptr_equal(chosen, &doors[2]);
}

static void one_of_several_must_be_named(void **state)
{
    const struct door_plan *chosen = NULL;

    (void)state;
    assert_int_equal(garage_choose_door(&garages[0], NULL, DOOR_ENTRY, &chosen), OST_CONFLICT);
    assert_null(chosen);
    assert_ok(garage_choose_door(&garages[0], "in-b", DOOR_ENTRY, &chosen));
    assert_ptr_equal(chosen, &doors[1]);
}

static void a_door_of_another_kind_is_said_to_be_one(void **state)
{
    const struct door_plan *chosen = NULL;

    (void)state;
    assert_int_equal(garage_choose_door(&garages[0], "out", DOOR_ENTRY, &chosen), OST_INVALID);
    assert_int_equal(garage_choose_door(&garages[0], "nowhere", DOOR_ENTRY, &chosen), OST_NOT_FOUND);
    assert_int_equal(garage_choose_door(&garages[0], NULL, DOOR_PEDESTRIAN, &chosen), OST_NOT_FOUND);
    assert_int_equal(garage_choose_door(&garages[1], NULL, DOOR_ENTRY, &chosen), OST_NOT_FOUND);
    assert_null(chosen);
}

static void a_state_is_read_back_from_its_word(void **state)
{
    enum garage_state states[] = {GARAGE_OPEN, GARAGE_CLOSED, GARAGE_SUSPENDED}, read;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_ok(garage_state_parse(garage_state_text(states[i]), &read));
        assert_int_equal(read, states[i]);
    }
    assert_int_equal(garage_state_parse("Open", &read), OST_INVALID);
}

RUN(T(what_is_named_is_found_and_nothing_else), T(the_only_door_of_its_kind_need_not_be_named),
    T(one_of_several_must_be_named), T(a_door_of_another_kind_is_said_to_be_one), T(a_state_is_read_back_from_its_word))
