#include <pthread.h>

#include "runtime/base/queue.h"
#include "tests/unit/check.h"

static void a_full_queue_is_an_answer(void **state)
{
    struct queue *queue;
    int item = 1;

    (void)state;
    assert_ok(queue_create(2, sizeof(item), &queue));
    assert_ok(queue_push(queue, &item));
    item = 2;
    assert_ok(queue_push(queue, &item));
    assert_int_equal(queue_push(queue, &item), OST_BUSY);
    assert_ok(queue_pop(queue, 0, &item));
    assert_int_equal(item, 1);
    assert_int_equal(queue_length(queue), 1);
    queue_destroy(queue);
}

static void nothing_to_take_is_a_timeout_and_a_closed_queue_says_so(void **state)
{
    struct queue *queue;
    int item = 7;

    (void)state;
    assert_ok(queue_create(2, sizeof(item), &queue));
    assert_int_equal(queue_pop(queue, 0, &item), OST_TIMEOUT);
    assert_int_equal(queue_pop(queue, 1, &item), OST_TIMEOUT);
    assert_ok(queue_push(queue, &item));
    queue_close(queue);
    assert_int_equal(queue_push(queue, &item), OST_UNAVAILABLE);
    assert_ok(queue_pop(queue, -1, &item));
    assert_int_equal(queue_pop(queue, -1, &item), OST_UNAVAILABLE);
    queue_destroy(queue);
}

static void *produce(void *context)
{
    for (int i = 1; i <= 1000; i++) {
        while (queue_push(context, &i) == OST_BUSY)
            ;
    }
    return NULL;
}

static void producers_and_a_consumer_lose_nothing(void **state)
{
    pthread_t producers[3];
    struct queue *queue;
    long sum = 0;
    int item;

    (void)state;
    assert_ok(queue_create(8, sizeof(item), &queue));
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&producers[i], NULL, produce, queue), 0);
    for (int i = 0; i < 3000; i++) {
        assert_ok(queue_pop(queue, 10000, &item));
        sum += item;
    }
    for (int i = 0; i < 3; i++)
        pthread_join(producers[i], NULL);
    assert_int_equal(sum, 3 * 500500);
    queue_destroy(queue);
}

RUN(T(a_full_queue_is_an_answer), T(nothing_to_take_is_a_timeout_and_a_closed_queue_says_so),
    T(producers_and_a_consumer_lose_nothing))
