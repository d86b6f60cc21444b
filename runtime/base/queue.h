/*
 * A bounded queue of values between threads: any number of producers, any number of consumers.
 * A full queue is an answer (OST_BUSY), never a growing list. Items are copied in and out.
 */
#ifndef OSTLER_BASE_QUEUE_H
#define OSTLER_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"

struct queue;

/* capacity items of item_bytes each, allocated at once. OST_NO_MEMORY. *out is freed with queue_destroy(). */
enum ost_status queue_create(size_t capacity, size_t item_bytes, struct queue **out) OST_MUST_CHECK;
void queue_destroy(struct queue *queue); /* accepts NULL; no thread may be in a call */

/* OST_BUSY: full. OST_UNAVAILABLE: closed. Nothing was queued in either case. Any thread, never blocks for long. */
enum ost_status queue_push(struct queue *queue, const void *item) OST_MUST_CHECK;

/*
 * Take the oldest item, waiting at most timeout_ms (0: do not wait; -1: for ever).
 * OST_TIMEOUT: none came. OST_UNAVAILABLE: closed and empty.
 */
enum ost_status queue_pop(struct queue *queue, int64_t timeout_ms, void *item) OST_MUST_CHECK;

/* Refuse new items and wake all who wait; what is in the queue can still be taken. */
void queue_close(struct queue *queue);

size_t queue_length(struct queue *queue);

#endif
