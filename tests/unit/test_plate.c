#include <string.h>

#include "runtime/core/limits.h"
#include "runtime/core/plate.h"
#include "tests/unit/check.h"

static void plates_are_normalised(void **state)
{
    static const struct {
        const char *text, *plate;
    } cases[] = {
        {"AB-123-C", "AB123C"}, {"ab 12.3c", "AB123C"}, {"b\xc3\xb6 1", "B\xc3\x96" "1"}, {"bo\xcc\x88 1", "B\xc3\x96" "1"},
        {"stra\xc3\x9f" "e1", "STRA\xc3\x9f" "E1"}, {"\xd0\xb0\xd0\xb1 1", "\xd0\x90\xd0\x91" "1"}, {"123456789012", "123456789012"},
    };
    char plate[PLATE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_ok(plate_normalise(cases[i].text, plate));
        assert_string_equal(plate, cases[i].plate);
    }
}

static void what_is_no_plate_is_refused(void **state)
{
    static const char *const bad[] = {"", " - .", "1234567890123", "AB_1", "AB/1", "A\xff", "\xe2\x82\xac" "1", "A\n1"};
    char plate[PLATE_BYTES] = "same";

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(plate_normalise(bad[i], plate), OST_INVALID);
    assert_string_equal(plate, "same");
}

static void globs_match_digits_any_and_runs(void **state)
{
    static const struct {
        const char *plate, *glob;
        bool matches;
    } cases[] = {
        {"TX12AB", "TX-##-*", true}, {"TX12", "TX-##-*", true}, {"TX1AAB", "TX-##-*", false}, {"TX12", "tx12", true},
        {"TX12", "T?12", true}, {"TX12", "T?1", false}, {"AAAB", "*AB", true}, {"", "*", true}, {"A", "", false}, {"", "", true},
        {"AXBXC", "A*B*C", true}, {"AXBX", "A*B*C", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(plate_matches(cases[i].plate, cases[i].glob), cases[i].matches);
}

static void hostile_globs_take_no_time(void **state)
{
    (void)state;
    assert_false(plate_matches("AAAAAAAAAAAA", "*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*A*B"));
}

static void slugs_users_and_codes_have_their_bounds(void **state)
{
    char user[140];

    (void)state;
    assert_true(slug_is_valid("a"));
    assert_true(slug_is_valid("0-a"));
    assert_false(slug_is_valid("-a"));
    assert_false(slug_is_valid("A"));
    assert_false(slug_is_valid(""));
    assert_false(slug_is_valid(NULL));
    memset(user, 'u', sizeof(user));
    user[128] = '\0';
    assert_true(user_id_is_valid(user));
    user[128] = 'u';
    user[129] = '\0';
    assert_false(user_id_is_valid(user));
    assert_true(user_id_is_valid("J\xc3\xb6rg 1"));
    assert_false(user_id_is_valid("a\tb"));
    assert_false(user_id_is_valid("\xe2\x80\xa8"));
    assert_true(code_is_valid("outside_opening_hours"));
    assert_false(code_is_valid("9a"));
    assert_true(code_is_valid("a234567890123456789012345678901234567890"));
    assert_false(code_is_valid("a2345678901234567890123456789012345678901"));
}

RUN(T(plates_are_normalised), T(what_is_no_plate_is_refused), T(globs_match_digits_any_and_runs), T(hostile_globs_take_no_time),
    T(slugs_users_and_codes_have_their_bounds))
