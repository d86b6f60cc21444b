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

RUN(T(what_fits_is_copied_whole), T(what_does_not_fit_is_cut_between_characters), T(what_is_no_utf8_is_cut_anywhere))
