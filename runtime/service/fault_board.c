#include "runtime/service/fault_board.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"

struct fault_board {
    pthread_mutex_t lock;
    struct clock *clock;
    struct fault raised[FAULTS_RAISED_MAX];
    size_t raised_count;
    struct fault cleared[FAULTS_CLEARED_KEPT]; /* a ring; cleared_total says how many there ever were */
    size_t cleared_total;
    fault_listener_fn *listener;
    void *listener_context;
    struct metric *raised_now;
    struct metric *raised_ever;
};

struct fault_board *fault_board_create(struct clock *clock, struct metrics *metrics)
{
    struct fault_board *board = calloc(1, sizeof(*board));

    if (!board)
        abort();
    pthread_mutex_init(&board->lock, NULL);
    board->clock = clock;
    board->raised_now = metrics_register(metrics, METRIC_GAUGE, "ostler_faults_raised", "", "Faults that are raised now.");
    board->raised_ever =
        metrics_register(metrics, METRIC_COUNTER, "ostler_faults_total", "", "Faults raised since the start.");
    return board;
}

void fault_board_destroy(struct fault_board *board)
{
    if (!board)
        return;
    pthread_mutex_destroy(&board->lock);
    free(board);
}

void fault_board_listen(struct fault_board *board, fault_listener_fn *listener, void *context)
{
    board->listener = listener;
    board->listener_context = context;
}

/* NULL where it is not raised. Under the lock. */
static struct fault *find_raised(struct fault_board *board, const char *subject, const char *code)
{
    for (size_t i = 0; i < board->raised_count; i++) {
        if (strcmp(board->raised[i].subject, subject) == 0 && strcmp(board->raised[i].code, code) == 0)
            return &board->raised[i];
    }
    return NULL;
}

void fault_board_raise(struct fault_board *board, const char *subject, const char *code, enum fault_severity severity,
                       const char *detail)
{
    struct fault copy;
    struct fault *fault;
    bool is_new = false;

    pthread_mutex_lock(&board->lock);
    fault = find_raised(board, subject, code);
    if (!fault && board->raised_count < FAULTS_RAISED_MAX) {
        fault = &board->raised[board->raised_count++];
        memset(fault, 0, sizeof(*fault));
        snprintf(fault->subject, sizeof(fault->subject), "%s", subject);
        snprintf(fault->code, sizeof(fault->code), "%s", code);
        fault->severity = severity;
        fault->raised_at_ms = clock_wall_ms(board->clock);
        is_new = true;
    }
    if (fault) {
        snprintf(fault->detail, sizeof(fault->detail), "%s", detail);
        copy = *fault;
    }
    metric_set(board->raised_now, (int64_t)board->raised_count);
    pthread_mutex_unlock(&board->lock);

    if (!fault) {
        log_error("fault", "%s %s: %s (not shown: %d faults are raised already)", subject, code, detail, FAULTS_RAISED_MAX);
        return;
    }
    if (!is_new)
        return;
    metric_add(board->raised_ever, 1);
    log_line(severity == FAULT_ALARM ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "fault", "raised: %s %s: %s", subject, code,
             detail);
    if (board->listener)
        board->listener(board->listener_context, &copy);
}

void fault_board_clear(struct fault_board *board, const char *subject, const char *code)
{
    struct fault copy;
    struct fault *fault;

    pthread_mutex_lock(&board->lock);
    fault = find_raised(board, subject, code);
    if (fault) {
        fault->cleared_at_ms = clock_wall_ms(board->clock);
        copy = *fault;
        board->cleared[board->cleared_total++ % FAULTS_CLEARED_KEPT] = copy;
        *fault = board->raised[--board->raised_count];
    }
    metric_set(board->raised_now, (int64_t)board->raised_count);
    pthread_mutex_unlock(&board->lock);

    if (!fault)
        return;
    log_notice("fault", "cleared: %s %s", subject, code);
    if (board->listener)
        board->listener(board->listener_context, &copy);
}

size_t fault_board_list(struct fault_board *board, struct fault *out, size_t max)
{
    size_t count = 0;

    pthread_mutex_lock(&board->lock);
    for (size_t i = 0; i < board->raised_count && count < max; i++)
        out[count++] = board->raised[i];
    for (size_t back = 1; back <= board->cleared_total && back <= FAULTS_CLEARED_KEPT && count < max; back++)
        out[count++] = board->cleared[(board->cleared_total - back) % FAULTS_CLEARED_KEPT];
    pthread_mutex_unlock(&board->lock);
    return count;
}
