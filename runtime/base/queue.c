#include "runtime/base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    size_t capacity;
    size_t item_bytes;
    size_t first;
    size_t length;
    bool closed;
    unsigned char items[];
};

enum ost_status queue_create(size_t capacity, size_t item_bytes, struct queue **out)
{
    struct queue *queue = calloc(1, sizeof(*queue) + capacity * item_bytes);
    pthread_condattr_t monotonic;

    if (!queue)
        return OST_NO_MEMORY;
    queue->capacity = capacity;
    queue->item_bytes = item_bytes;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->not_empty, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = queue;
    return OST_OK;
}

void queue_destroy(struct queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

enum ost_status queue_push(struct queue *queue, const void *item)
{
    enum ost_status status = OST_OK;

    pthread_mutex_lock(&queue->lock);
    if (queue->closed) {
        status = OST_UNAVAILABLE;
    } else if (queue->length == queue->capacity) {
        status = OST_BUSY;
    } else {
        size_t at = (queue->first + queue->length) % queue->capacity;

        memcpy(queue->items + at * queue->item_bytes, item, queue->item_bytes);
        queue->length++;
        pthread_cond_signal(&queue->not_empty);
    }
    pthread_mutex_unlock(&queue->lock);
    return status;
}

static struct timespec from_now(int64_t milliseconds)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += milliseconds / 1000;
    when.tv_nsec += milliseconds % 1000 * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

enum ost_status queue_pop(struct queue *queue, int64_t timeout_ms, void *item)
{
    struct timespec until = from_now(timeout_ms > 0 ? timeout_ms : 0);
    enum ost_status status = OST_OK;
    int waited = 0;

    pthread_mutex_lock(&queue->lock);
    while (queue->length == 0 && !queue->closed && waited != ETIMEDOUT && timeout_ms != 0)
        waited = timeout_ms < 0 ? pthread_cond_wait(&queue->not_empty, &queue->lock)
                                : pthread_cond_timedwait(&queue->not_empty, &queue->lock, &until);
    if (queue->length > 0) {
        memcpy(item, queue->items + queue->first * queue->item_bytes, queue->item_bytes);
        queue->first = (queue->first + 1) % queue->capacity;
        queue->length--;
    } else {
        status = queue->closed ? OST_UNAVAILABLE : OST_TIMEOUT;
    }
    pthread_mutex_unlock(&queue->lock);
    return status;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->not_empty);
    pthread_mutex_unlock(&queue->lock);
}

size_t queue_length(struct queue *queue)
{
    size_t length;

    pthread_mutex_lock(&queue->lock);
    length = queue->length;
    pthread_mutex_unlock(&queue->lock);
    return length;
}
