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

#define GROUP_MAX       512
#define POSTED_RETRY_MS 1000
/* What nobody waits for may ride with the next group, so that it does not hold one up; it waits no longer than this. */
#define POSTED_LINGER_MS    50
#define RECOVER_EVERY_MS    200
#define CLOSING_PATIENCE_MS 10000
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
        if (clock_monotonic_ms(store->settings.clock) < deadline_ms)
            futex_wait(&block->phase, phase, deadline_ms);
        else if (phase == CHANGE_QUEUED && atomic_compare_exchange_strong(&block->phase, &phase, CHANGE_WITHDRAWN))
            return OST_TIMEOUT;
        else if (phase == CHANGE_TAKEN && atomic_compare_exchange_strong(&block->phase, &phase, CHANGE_LEFT))
            return OST_UNCERTAIN;
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

/* ---- one transaction ---- */

enum ost_status writer_open(struct sqlite_store *store)
{
    enum ost_status status = connection_open(&store->connection, store->path, CONNECTION_WRITER);

    if (status == OST_OK) {
        store->applier.connection = &store->connection;
        store->applier.counters = &store->counters;
        store->applier.partner_count = 0;
    }
    return status;
}

static void take_back(struct sqlite_store *store)
{
    if (store->connection.database && !sqlite3_get_autocommit(store->connection.database))
        connection_run(connection_statement(&store->connection, SQL_ROLLBACK));
    counters_forget(&store->counters);
    store->applier.partner_count = 0;
    store->applier.tokens_changed = false;
    store->applier.lists_changed = false;
}

/*
 * How far the database has come: the newest sequence of the outbox and the count of groups that had no event. It
 * rises with each group, and so tells whether one is in the database. -1: it cannot be read.
 */
static int64_t progress(struct sqlite_store *store)
{
    sqlite3_stmt *row = connection_statement(&store->connection, SQL_PROGRESS);
    int64_t newest = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;

    sqlite3_reset(row);
    return newest;
}

static void publish(struct sqlite_store *store)
{
    counters_publish(&store->counters);
    if (store->applier.tokens_changed)
        tokens_changed(store);
    if (store->applier.lists_changed)
        counters_lists_changed(&store->counters);
    store->applier.tokens_changed = false;
    store->applier.lists_changed = false;
    atomic_fetch_add_explicit(&store->commits, 1, memory_order_relaxed);
}

/* All connections but the writer's: the last one out makes the next one in read the log back and check its frames. */
static void close_readers(struct sqlite_store *store)
{
    for (unsigned i = 0; i < store->settings.readers; i++) {
        pthread_mutex_lock(&store->readers[i].lock);
        connection_close(&store->readers[i].connection); /* opened again at its next use */
        pthread_mutex_unlock(&store->readers[i].lock);
    }
}

static bool is_closing(struct sqlite_store *store)
{
    bool closing;

    pthread_mutex_lock(&store->lock);
    closing = store->closing;
    pthread_mutex_unlock(&store->lock);
    return closing;
}

enum recovery { RECOVERY_GROUP_IS_IN, RECOVERY_GROUP_IS_OUT, RECOVERY_GIVEN_UP };

/*
 * After a failed commit or fsync nobody knows what is on the disk: the kernel may have dropped pages that it could not write.
 * So nothing is answered until a fresh connection has read the log back, written it into the database file and synced
 * that. Waiters give up meanwhile, each by its own deadline; a store that is being closed gives up after its patience.
 */
static enum recovery recover(struct sqlite_store *store, int64_t progress_before)
{
    int64_t closing_since_ms = 0;
    bool complained = false;

    atomic_store(&store->writable, false);
    for (;;) {
        struct timespec pause = {.tv_nsec = RECOVER_EVERY_MS * 1000000L};
        int64_t now_ms = clock_monotonic_ms(store->settings.clock);
        int64_t reached = -1;

        connection_close(&store->connection);
        close_readers(store);
        if (writer_open(store) == OST_OK &&
            sqlite3_wal_checkpoint_v2(store->connection.database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
            reached = progress(store);
        if (reached >= 0) {
            log_notice("store", "the disk takes writes again; the database was read back");
            atomic_store(&store->writable, true);
            return reached > progress_before ? RECOVERY_GROUP_IS_IN : RECOVERY_GROUP_IS_OUT;
        }
        if (!complained)
            log_error("store", "the disk does not take writes; nothing is acknowledged until it does");
        complained = true;
        if (is_closing(store)) {
            if (closing_since_ms == 0)
                closing_since_ms = now_ms;
            if (now_ms - closing_since_ms > CLOSING_PATIENCE_MS)
                return RECOVERY_GIVEN_UP;
        }
        nanosleep(&pause, NULL);
    }
}

struct group {
    struct change_block *blocks[GROUP_MAX];
    enum ost_status status[GROUP_MAX]; /* OST_OK: apply it; else it is decided so */
    size_t count;
};

static void fail_from(struct group *group, size_t index, int code)
{
    group->status[index] = connection_status(code);
    if (group->status[index] == OST_OK)
        group->status[index] = OST_IO;
}

/* Decide one change of the group so, and take the transaction back: the others run again. */
static bool run_again_without(struct sqlite_store *store, struct group *group, size_t index, int code)
{
    connection_fault(&store->connection, code, "a change was taken back");
    take_back(store);
    fail_from(group, index, code);
    return true;
}

/* No space: the kinds that may not use the reserve are refused, the others run again with it. */
static bool run_again_with_reserve(struct sqlite_store *store, struct group *group)
{
    int room_before = atomic_load(&store->room);

    take_back(store);
    room_ran_out(store);
    checkpoint_now(store); /* what is in the database file already leaves room in the log */
    for (size_t i = 0; i < group->count; i++) {
        if (group->status[i] == OST_OK && !room_allows(store, group->blocks[i]->change.kind))
            group->status[i] = OST_NO_SPACE;
    }
    return atomic_load(&store->room) != room_before;
}

static void fail_all(struct group *group, enum ost_status status)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->status[i] == OST_OK)
            group->status[i] = status;
    }
}

static bool group_has_events(const struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct store_change *change = &group->blocks[i]->change;

        if (group->status[i] == OST_OK && change->result == STORE_DONE && change->event && !uuid_is_nil(change->event->id))
            return true;
    }
    return false;
}

static bool is_disk_fault(int code)
{
    return (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
}

/* One try at the whole group. True: it has to be tried again, with what changed in group->status. */
static bool try_group(struct sqlite_store *store, struct group *group, int64_t progress_before)
{
    int code = connection_run(connection_statement(&store->connection, SQL_BEGIN));

    for (size_t i = 0; code == SQLITE_DONE && i < group->count; i++) {
        if (group->status[i] != OST_OK)
            continue;
        code = apply_change(&store->applier, &group->blocks[i]->change);
        if (code != SQLITE_DONE && (code & 0xff) != SQLITE_FULL && !is_disk_fault(code))
            return run_again_without(store, group, i, code);
    }
    THEN(code, counters_save(&store->counters, &store->connection));
    if (code == SQLITE_DONE && !group_has_events(group))
        code = connection_run(connection_statement(&store->connection, SQL_MARK));
    THEN(code, connection_run(connection_statement(&store->connection, SQL_COMMIT)));
    if (code == SQLITE_DONE) {
        publish(store);
        room_was_found(store);
        return false;
    }
    if ((code & 0xff) == SQLITE_FULL) {
        if (run_again_with_reserve(store, group))
            return true;
        fail_all(group, OST_NO_SPACE);
        return false;
    }
    if (is_disk_fault(code)) {
        connection_fault(&store->connection, code, "a commit failed");
        switch (recover(store, progress_before)) {
        case RECOVERY_GROUP_IS_IN:
            publish(store);
            return false;
        case RECOVERY_GROUP_IS_OUT:
            take_back(store);
            return true;
        case RECOVERY_GIVEN_UP:
            take_back(store);
            fail_all(group, OST_IO);
            return false;
        }
    }
    connection_fault(&store->connection, code, "the transaction failed");
    take_back(store);
    fail_all(group, connection_status(code) == OST_BUSY ? OST_BUSY : OST_IO);
    return false;
}

/* ---- the loop ---- */

static void take_class(struct sqlite_store *store, struct change_list *list, struct group *group)
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
static void take_posted(struct sqlite_store *store, struct group *group, int64_t now_ms)
{
    if (now_ms < store->retry_posted_at_ms || (now_ms < store->posted_due_ms && !waits_for_answer(store)))
        return;
    while (group->count < GROUP_MAX && store->posted.first) {
        group->status[group->count] = OST_OK;
        group->blocks[group->count++] = list_take(&store->posted);
    }
}

/* Stops first: they are let out before anybody is let in. Under the lock. */
static void take_group(struct sqlite_store *store, struct group *group, int64_t now_ms)
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

static void run_group(struct sqlite_store *store, struct group *group)
{
    struct change_block *kept[GROUP_MAX];
    size_t kept_count = 0;
    int64_t began_ns = clock_monotonic_ns(store->settings.clock);
    int64_t progress_before = progress(store);
    bool closing;

    while (try_group(store, group, progress_before))
        ;
    metric_observe_ns(store->commit_seconds, clock_monotonic_ns(store->settings.clock) - began_ns);
    pthread_mutex_lock(&store->lock);
    closing = store->closing;
    pthread_mutex_unlock(&store->lock);
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

    if (waits_for_answer(store))
        return 0;
    if (!store->posted.first || due_ms > now_ms + IDLE_MS)
        return IDLE_MS;
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
    static _Thread_local struct group group;
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
        if (group.count > 0)
            run_group(store, &group);
        room_look_again(store, clock_monotonic_ms(store->settings.clock));
    }
    return NULL;
}
