/*
 * Faults that are raised now, and those that were cleared lately: what `GET /v1/faults` shows.
 * A fault is named by its subject ("door/nassaukade/entry-1", "policy/tariff", "store", "configuration") and its code.
 */
#ifndef OSTLER_SERVICE_FAULT_BOARD_H
#define OSTLER_SERVICE_FAULT_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/core/limits.h"

#define FAULT_SUBJECT_BYTES 224 /* an alarm of a policy about a door: three names */
#define FAULTS_RAISED_MAX   256
#define FAULTS_CLEARED_KEPT 128
#define FAULTS_MAX          (FAULTS_RAISED_MAX + FAULTS_CLEARED_KEPT) /* of a whole list */

struct fault_board;

enum fault_severity { FAULT_WARNING, FAULT_ALARM };

struct fault {
    char subject[FAULT_SUBJECT_BYTES];
    char code[CODE_BYTES];
    enum fault_severity severity;
    char detail[REASON_BYTES];
    int64_t raised_at_ms;
    int64_t cleared_at_ms; /* 0: still raised */
};

/* Called when a fault is raised or cleared, with no lock held, on the thread that did it. */
typedef void fault_listener_fn(void *context, const struct fault *fault);

struct fault_board *fault_board_create(struct clock *clock, struct metrics *metrics); /* aborts without memory */
void fault_board_destroy(struct fault_board *board);                                  /* accepts NULL */
void fault_board_listen(struct fault_board *board, fault_listener_fn *listener, void *context); /* at start, once */

/* Raise a fault; one that is raised already only gets the new detail. Logged once. Any thread. */
void fault_board_raise(struct fault_board *board, const char *subject, const char *code, enum fault_severity severity,
                       const char *detail);
/* Clear it; harmless where it is not raised. Any thread. */
void fault_board_clear(struct fault_board *board, const char *subject, const char *code);

/* Copy at most max faults, raised ones first, then the newest cleared ones (the last 128 are kept). Returns the count. */
size_t fault_board_list(struct fault_board *board, struct fault *out, size_t max);

#endif
