#include <string.h>

#include "runtime/base/suggest.h"
#include "tests/unit/check.h"

static const char *const words[] = {"garage", "timezone", "spots", "doors", "currency", NULL};

static void one_slip_of_each_kind_is_understood(void **state)
{
    (void)state;
    assert_string_equal(suggest("garge", words), "garage");
    assert_string_equal(suggest("garrage", words), "garage");
    assert_string_equal(suggest("gerage", words), "garage");
    assert_string_equal(suggest("gaarge", words), "garage");
    assert_string_equal(suggest("GARAGE", words), "garage");
    assert_string_equal(suggest("garage", words), "garage");
}

static void a_third_of_the_letters_may_differ_and_no_more(void **state)
{
    (void)state;
    assert_string_equal(suggest("gxrxge", words), "garage");
    assert_null(suggest("gxrxgx", words));
    assert_string_equal(suggest("sp0ts", words), "spots");
    assert_null(suggest("sp00s", words));
}

static void the_nearest_wins_and_of_equals_the_first(void **state)
{
    static const char *const near[] = {"entrances", "entrance", NULL};
    static const char *const equal[] = {"cart", "card", NULL};

    (void)state;
    assert_string_equal(suggest("entranse", near), "entrance");
    assert_string_equal(suggest("carx", equal), "cart");
}

static void nothing_is_suggested_for_nothing_or_from_nothing(void **state)
{
    static const char *const none[] = {NULL};

    (void)state;
    assert_null(suggest("", words));
    assert_null(suggest("garage", none));
    assert_null(suggest("bicycle", words));
}

static void words_of_forty_eight_letters_are_compared_and_longer_ones_are_not(void **state)
{
    char written[50], known[50];
    const char *const list[] = {known, NULL};

    (void)state;
    memset(written, 'w', sizeof(written));
    memset(known, 'w', sizeof(known));
    known[0] = 'k';
    written[48] = known[48] = '\0';
    assert_ptr_equal(suggest(written, list), known);
    written[48] = 'w';
    written[49] = '\0';
    assert_null(suggest(written, list));
    written[48] = '\0';
    known[48] = 'w';
    known[49] = '\0';
    assert_null(suggest(written, list));
}

RUN(T(one_slip_of_each_kind_is_understood), T(a_third_of_the_letters_may_differ_and_no_more),
    T(the_nearest_wins_and_of_equals_the_first), T(nothing_is_suggested_for_nothing_or_from_nothing),
    T(words_of_forty_eight_letters_are_compared_and_longer_ones_are_not))
