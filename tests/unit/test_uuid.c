#include <pthread.h>
#include <stdlib.h>

#include "runtime/base/uuid.h"
#include "tests/unit/check.h"

#define NOW_MS INT64_C(1795000000000)

static void ids_of_one_millisecond_are_strictly_ordered_even_past_the_counter(void **state)
{
    struct uuid_generator generator;
    int64_t last = 0;

    (void)state;
    uuid_generator_init(&generator);
    for (int i = 0; i < 3 * 4096; i++) {
        struct uuid id = uuid_make(&generator, NOW_MS);

        assert_true(uuid_order(id) > last);
        last = uuid_order(id);
    }
    uuid_generator_finish(&generator);
}

static void a_clock_that_goes_back_does_not_bring_ids_back(void **state)
{
    struct uuid_generator generator;
    struct uuid before, after;

    (void)state;
    uuid_generator_init(&generator);
    before = uuid_make(&generator, NOW_MS);
    after = uuid_make(&generator, NOW_MS - 3600000);
    assert_true(uuid_order(after) > uuid_order(before));
    uuid_generator_finish(&generator);
}

static void ids_after_a_raise_order_behind_it(void **state)
{
    struct uuid_generator generator;
    struct uuid stored, next;

    (void)state;
    uuid_generator_init(&generator);
    stored = uuid_make(&generator, NOW_MS);
    uuid_generator_finish(&generator);
    uuid_generator_init(&generator);
    uuid_generator_raise(&generator, uuid_order(stored));
    next = uuid_make(&generator, 0); /* a clock that was never set */
    assert_int_equal(uuid_order(next), uuid_order(stored) + 1);
    uuid_generator_finish(&generator);
}

static void order_and_tail_make_the_same_id_again(void **state)
{
    struct uuid_generator generator;
    struct uuid id;

    (void)state;
    uuid_generator_init(&generator);
    id = uuid_make(&generator, NOW_MS);
    assert_true(uuid_equal(uuid_from_order(uuid_order(id), uuid_tail(id)), id));
    uuid_generator_finish(&generator);
}

static void text_and_id_are_each_others_way_back(void **state)
{
    struct uuid id;
    char text[UUID_TEXT_BYTES];

    (void)state;
    assert_ok(uuid_parse("0193576b-4d2e-7abc-8def-0123456789ab", &id));
    uuid_format(id, text);
    assert_string_equal(text, "0193576b-4d2e-7abc-8def-0123456789ab");
}

static void other_versions_variants_and_shapes_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "0193576b-4d2e-4abc-8def-0123456789ab", "0193576b-4d2e-7abc-cdef-0123456789ab", "0193576B-4d2e-7abc-8def-0123456789ab",
        "0193576b-4d2e-7abc-8def-0123456789a", "0193576b-4d2e-7abc-8def-0123456789abc", "0193576b4d2e-7abc-8def-0123456789ab-",
    };
    struct uuid id;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(uuid_parse(bad[i], &id), OST_INVALID);
}

#define THREADS 4
#define IDS_EACH 5000
static int64_t orders[THREADS * IDS_EACH];
static struct uuid_generator shared;

static void *make_many(void *context)
{
    for (int i = 0; i < IDS_EACH; i++)
        ((int64_t *)context)[i] = uuid_order(uuid_make(&shared, NOW_MS));
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void threads_never_get_the_same_order(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    uuid_generator_init(&shared);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, &orders[i * IDS_EACH]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(orders, THREADS * IDS_EACH, sizeof(int64_t), by_value);
    for (int i = 1; i < THREADS * IDS_EACH; i++)
        assert_true(orders[i] > orders[i - 1]);
    uuid_generator_finish(&shared);
}

RUN(T(ids_of_one_millisecond_are_strictly_ordered_even_past_the_counter), T(a_clock_that_goes_back_does_not_bring_ids_back),
    T(ids_after_a_raise_order_behind_it), T(order_and_tail_make_the_same_id_again), T(text_and_id_are_each_others_way_back),
    T(other_versions_variants_and_shapes_are_refused), T(threads_never_get_the_same_order))
