/*
 * The writer thread: takes all changes that wait, applies them in one transaction, commits, wakes the waiters. So the
 * cost of the disk is shared by all requests in flight, and an answer always means that everything is on disk.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "db/rows.h"
#include "db/store_internal.h"
#include "runtime/base/log.h"
#include "runtime/base/thread.h"

#define POSTED_RETRY_MS 1000
/* What nobody waits for may ride with the next group, so that it does not hold one up; it waits no longer than this. */
#define POSTED_LINGER_MS    50
#define PROBE_EVERY_MS      200
#define IDLE_MS             1000

/* ---- lists ---- */

static void list_append(struct change_list *list, struct change_block *block)
{
    block->next = NULL;
    *list->last = block;
    list->last = &block->next;
    list->length++;
}

static struct change_block *list_take(struct change_list *list)
{
    struct change_block *block = list->first;

    if (!block)
        return NULL;
    list->first = block->next;
    if (!list->first)
        list->last = &list->first;
    list->length--;
    return block;
}

static enum change_class class_of(enum store_change_kind kind)
{
    switch (kind) {
    case STORE_START:
        return CLASS_STARTS;
    case STORE_STOP:
    case STORE_OPEN:
        return CLASS_STOPS;
    default:
        return CLASS_REST;
    }
}

/* Take a block out of its list. False: it is not in it. */
static bool list_remove(struct change_list *list, const struct change_block *block)
{
    struct change_block **link = &list->first;

    while (*link && *link != block)
        link = &(*link)->next;
    if (!*link)
        return false;
    *link = block->next;
    if (list->last == &block->next)
        list->last = link;
    list->length--;
    return true;
}

/* ---- waiting for a decision ---- */

static void futex_wait(_Atomic unsigned *word, unsigned expected, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};

    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void futex_wake(_Atomic unsigned *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

/* The change is decided: tell who waits, or who left. The writer's reference ends here. */
static void decide(struct sqlite_store *store, struct change_block *block, enum ost_status status)
{
    struct store_change *change = &block->change;
    unsigned before;

    block->status = status;
    atomic_fetch_add_explicit(&store->changes, 1, memory_order_relaxed);
    before = atomic_exchange(&block->phase, CHANGE_DECIDED);
    if (before == CHANGE_TAKEN)
        futex_wake(&block->phase);
    else if (change->on_done)
        change->on_done(change->done_context, change, status);
    store_change_release(change);
}

/*
 * Its waiter withdrew a change: out of the queue at once, as the caller may post it next. Where it is not there any more,
 * take_class() has seen that it is withdrawn.
 */
static void forget_withdrawn(struct sqlite_store *store, struct change_list *list, struct change_block *block)
{
    bool was_queued;

    pthread_mutex_lock(&store->lock);
    was_queued = list_remove(list, block);
    pthread_mutex_unlock(&store->lock);
    if (was_queued)
        store_change_release(&block->change); /* the writer's reference */
}

enum ost_status writer_commit(struct store *base, struct store_change *change, int64_t deadline_ms)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct change_block *block = change_block_of(change);
    struct change_list *list = &store->waiting[class_of(change->kind)];
    enum ost_status status = OST_OK;
    unsigned phase;

    if (!room_allows(store, change->kind))
        return OST_NO_SPACE;
    if (!atomic_load(&store->writable))
        return OST_IO;
    store_change_retain(change);
    atomic_store(&block->phase, CHANGE_QUEUED);
    pthread_mutex_lock(&store->lock);
    if (store->closing) {
        status = OST_UNAVAILABLE;
    } else if (list->length >= store->settings.starts_max) {
        status = OST_BUSY;
    } else {
        list_append(list, block);
        pthread_cond_signal(&store->work);
    }
    pthread_mutex_unlock(&store->lock);
    if (status != OST_OK) {
        store_change_release(change);
        return status;
    }
    while ((phase = atomic_load(&block->phase)) != CHANGE_DECIDED) {
        if (clock_monotonic_ms(store->settings.clock) < deadline_ms) {
            futex_wait(&block->phase, phase, deadline_ms);
        } else if (phase == CHANGE_QUEUED && atomic_compare_exchange_strong(&block->phase, &phase, CHANGE_WITHDRAWN)) {
            forget_withdrawn(store, list, block);
            return OST_TIMEOUT;
        } else if (phase == CHANGE_TAKEN && atomic_compare_exchange_strong(&block->phase, &phase, CHANGE_LEFT)) {
            return OST_UNCERTAIN;
        }
    }
    return block->status;
}

enum ost_status writer_post(struct store *base, struct store_change *change)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    struct change_block *block = change_block_of(change);
    enum ost_status status = OST_OK;

    atomic_store(&block->phase, CHANGE_POSTED);
    pthread_mutex_lock(&store->lock);
    if (store->closing || store->posted.length >= POSTED_MAX) {
        status = OST_BUSY;
    } else {
        if (!store->posted.first) {
            store->posted_due_ms = clock_monotonic_ms(store->settings.clock) + POSTED_LINGER_MS;
            pthread_cond_signal(&store->work);
        }
        list_append(&store->posted, block);
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

/* ---- the loop ---- */

bool writer_is_closing(struct sqlite_store *store)
{
    bool closing;

    pthread_mutex_lock(&store->lock);
    closing = store->closing;
    pthread_mutex_unlock(&store->lock);
    return closing;
}

static void take_class(struct sqlite_store *store, struct change_list *list, struct change_group *group)
{
    while (group->count < GROUP_MAX && list->first) {
        struct change_block *block = list_take(list);
        unsigned phase = CHANGE_QUEUED;

        if (!atomic_compare_exchange_strong(&block->phase, &phase, CHANGE_TAKEN)) {
            store_change_release(&block->change); /* its waiter withdrew it */
            continue;
        }
        /* It may have queued before the room ran out. */
        group->status[group->count] = room_allows(store, block->change.kind) ? OST_OK : OST_NO_SPACE;
        group->blocks[group->count++] = block;
    }
}

static bool waits_for_answer(const struct sqlite_store *store)
{
    for (int class = 0; class < CLASS_COUNT; class++) {
        if (store->waiting[class].first)
            return true;
    }
    return false;
}

/* With a group that is made anyway, or when their time is up. */
static void take_posted(struct sqlite_store *store, struct change_group *group, int64_t now_ms)
{
    if (now_ms < store->retry_posted_at_ms || (now_ms < store->posted_due_ms && !waits_for_answer(store)))
        return;
    while (group->count < GROUP_MAX && store->posted.first) {
        group->status[group->count] = OST_OK;
        group->blocks[group->count++] = list_take(&store->posted);
    }
}

/* Stops first: they are let out before anybody is let in. Under the lock. */
static void take_group(struct sqlite_store *store, struct change_group *group, int64_t now_ms)
{
    group->count = 0;
    take_posted(store, group, now_ms);
    for (int class = 0; class < CLASS_COUNT; class++)
        take_class(store, &store->waiting[class], group);
}

/* A posted change that met a fault goes back to the front, in its order; it is tried again later. */
static void keep_posted(struct sqlite_store *store, struct change_block **kept, size_t count, int64_t now_ms)
{
    if (count == 0)
        return;
    pthread_mutex_lock(&store->lock);
    for (size_t i = count; i > 0; i--) {
        kept[i - 1]->next = store->posted.first;
        if (!store->posted.first)
            store->posted.last = &kept[i - 1]->next;
        store->posted.first = kept[i - 1];
        store->posted.length++;
    }
    pthread_mutex_unlock(&store->lock);
    store->retry_posted_at_ms = now_ms + POSTED_RETRY_MS;
}

static bool is_worth_a_retry(enum ost_status status)
{
    return status == OST_NO_SPACE || status == OST_IO || status == OST_BUSY || status == OST_NO_MEMORY;
}

static void run_group(struct sqlite_store *store, struct change_group *group)
{
    struct change_block *kept[GROUP_MAX];
    size_t kept_count = 0;
    int64_t began_ns = clock_monotonic_ns(store->settings.clock);
    bool closing;

    group_commit(store, group);
    metric_observe_ns(store->commit_seconds, clock_monotonic_ns(store->settings.clock) - began_ns);
    closing = writer_is_closing(store);
    for (size_t i = 0; i < group->count; i++) {
        struct change_block *block = group->blocks[i];

        if (!closing && atomic_load(&block->phase) == CHANGE_POSTED && is_worth_a_retry(group->status[i]))
            kept[kept_count++] = block;
        else
            decide(store, block, group->status[i]);
    }
    keep_posted(store, kept, kept_count, clock_monotonic_ms(store->settings.clock));
    checkpoint_after_commit(store);
}

/* How long there is nothing to do, unless something comes: 0 for work that waits. Under the lock. */
static int64_t idle_ms(const struct sqlite_store *store, int64_t now_ms)
{
    int64_t due_ms =
        store->posted_due_ms > store->retry_posted_at_ms ? store->posted_due_ms : store->retry_posted_at_ms;

    int64_t most_ms = atomic_load(&store->writable) ? IDLE_MS : PROBE_EVERY_MS;

    if (waits_for_answer(store))
        return 0;
    if (!store->posted.first || due_ms > now_ms + most_ms)
        return most_ms;
    return due_ms > now_ms ? due_ms - now_ms : 0;
}

/* Wait for work; now and then look at the room on the disk without any. Under the lock. */
static void wait_for_work(struct sqlite_store *store)
{
    int64_t wait_ms = idle_ms(store, clock_monotonic_ms(store->settings.clock));
    struct timespec until;

    if (store->closing || wait_ms == 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&store->work, &store->lock, &until);
}

void *writer_run(void *context)
{
    struct sqlite_store *store = context;
    static _Thread_local struct change_group group;
    bool go_on = true;

    thread_set_nice(THREAD_NICE_WRITER);
    while (go_on) {
        pthread_mutex_lock(&store->lock);
        wait_for_work(store);
        if (store->closing)
            store->retry_posted_at_ms = store->posted_due_ms = 0; /* the last chance for what is posted */
        take_group(store, &group, clock_monotonic_ms(store->settings.clock));
        go_on = !store->closing || group.count > 0;
        pthread_mutex_unlock(&store->lock);
        if (group.count > 0 || (go_on && !atomic_load(&store->writable)))
            run_group(store, &group); /* an empty one tells whether the disk takes writes again */
        room_look_again(store, clock_monotonic_ms(store->settings.clock));
    }
    return NULL;
}
