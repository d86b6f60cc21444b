/* What every unit test includes: cmocka and the headers that it wants before itself. */
#ifndef OSTLER_TESTS_UNIT_CHECK_H
#define OSTLER_TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_ok(status) assert_int_equal((status), OST_OK)
#define RUN(...)                                                                     \
    int main(void)                                                                   \
    {                                                                                \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                             \
        return cmocka_run_group_tests(tests, NULL, NULL);                            \
    }
#define T(function) cmocka_unit_test(function)

#endif
