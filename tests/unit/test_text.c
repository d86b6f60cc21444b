#include <string.h>

#include "runtime/base/text.h"
#include "tests/unit/check.h"

static void assert_cut(const char *text, size_t bytes, const char *expected)
{
    char out[32];

    memset(out, 'x', sizeof(out));
    text_copy(out, bytes, text);
    assert_string_equal(out, expected);
    assert_int_equal(out[bytes], 'x');
}

static void what_fits_is_copied_whole(void **state)
{
    (void)state;
    assert_cut("", 1, "");
    assert_cut("parking", 8, "parking");
    assert_cut("3 \xe2\x82\xac", 6, "3 \xe2\x82\xac");
    assert_cut("\xf0\x9f\x9a\x97", 5, "\xf0\x9f\x9a\x97");
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
    (void)state;
    assert_cut("parking", 1, "");
    assert_cut("parking", 5, "park");
    assert_cut("caf\xc3\xa9", 5, "caf");
    assert_cut("3 \xe2\x82\xac", 5, "3 ");
    assert_cut("3 \xe2\x82\xac", 4, "3 ");
    for (size_t bytes = 2; bytes < 5; bytes++)
        assert_cut("\xf0\x9f\x9a\x97", bytes, "");
}

static void what_is_no_utf8_is_cut_anywhere(void **state)
{
    (void)state;
    assert_cut("\x80\x80\x80\x80\x80", 4, "\x80\x80\x80");
    assert_cut("a\x80\x80\x80\x80", 5, "a\x80\x80\x80");
}

static void utf8_is_of_shortest_forms_without_surrogates(void **state)
{
    static const char *const good[] = {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\x80", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\x80\x80",
                                      "\xf0\x9f\x9a", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(text_is_utf8(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(text_is_utf8(bad[i]));
}

RUN(T(utf8_is_of_shortest_forms_without_surrogates), T(what_fits_is_copied_whole), T(what_does_not_fit_is_cut_between_characters), T(what_is_no_utf8_is_cut_anywhere))
