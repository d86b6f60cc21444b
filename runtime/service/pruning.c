#include "runtime/service/pruning.h"

#include "runtime/base/log.h"

#define EVERY_MS 60000
#define ROWS_MAX 500 /* of each table at once: one pruning stays shorter than a few commits */
#define STEP_MAX_MS 60000 /* a clock that is set by hand or slewed by less is the same clock */

static int64_t offset_now_ms(const struct pruning *self)
{
    return clock_wall_ms(self->clock) - clock_monotonic_ms(self->clock);
}

void pruning_begin(struct pruning *self)
{
    self->offset_ms = offset_now_ms(self);
    self->next_ms = 0;
}

static bool moved_evenly(const struct pruning *self)
{
    int64_t step_ms = offset_now_ms(self) - self->offset_ms;

    return step_ms <= STEP_MAX_MS && step_ms >= -STEP_MAX_MS;
}

/* From now back to since_ms, or to the oldest command: never PRUNING_HOLE_MS without one. A fault of the store: false. */
static bool history_is_whole(struct pruning *self, int64_t now_ms, int64_t since_ms)
{
    struct store *store = self->store;
    int64_t oldest_ms, at_ms = now_ms;
    enum ost_status status = store->ops->first_command_since(store, 0, &oldest_ms);

    if (status == OST_NOT_FOUND)
        return true; /* nothing was commanded, and nothing is deleted that was */
    if (status != OST_OK)
        return false;
    while (at_ms > oldest_ms && at_ms > since_ms) {
        int64_t earlier_ms;

        if (store->ops->first_command_since(store, at_ms - PRUNING_HOLE_MS, &earlier_ms) != OST_OK || earlier_ms >= at_ms)
            return false;
        at_ms = earlier_ms;
    }
    return true;
}

static bool clock_is_believed(struct pruning *self)
{
    int64_t now_ms = clock_wall_ms(self->clock);

    switch (clock_trust(self->clock)) {
    case CLOCK_SYNCED:
        self->offset_ms = offset_now_ms(self);
        return true;
    case CLOCK_HOLDOVER:
        return moved_evenly(self) && history_is_whole(self, now_ms, now_ms - PRUNING_RECORDS_MS);
    case CLOCK_UNSYNCED:
        break;
    }
    return false;
}

static bool judge_clock(struct pruning *self)
{
    bool is_believed = clock_is_believed(self);

    if (is_believed)
        fault_board_clear(self->faults, "clock", "pruning_held_up");
    else
        fault_board_raise(self->faults, "clock", "pruning_held_up", FAULT_WARNING,
                          "The clock may be wrong, so nothing old is deleted. Give the device a time source (NTP).");
    return is_believed;
}

void pruning_run(struct pruning *self)
{
    int64_t wall_ms = clock_wall_ms(self->clock), now_ms = clock_monotonic_ms(self->clock);
    struct store *store = self->store;
    struct store_change *change;
    enum ost_status status;

    if (now_ms < self->next_ms)
        return;
    self->next_ms = now_ms + EVERY_MS;
    if (!judge_clock(self))
        return;
    change = store_change_create(STORE_PRUNE);
    if (!change)
        return;
    change->u.prune.sessions_before_ms = wall_ms - self->keep_past_sessions_ms;
    change->u.prune.answers_before_ms = wall_ms - PRUNING_DAY_MS;
    change->u.prune.outbox_before_ms = self->keep_outbox_ms > 0 ? wall_ms - self->keep_outbox_ms : 0;
    change->u.prune.records_before_ms = wall_ms - PRUNING_RECORDS_MS;
    change->u.prune.locks_before_ms = wall_ms - PRUNING_DAY_MS;
    change->u.prune.decisions_max = self->decisions_max;
    change->u.prune.rows_max = ROWS_MAX;
    status = store->ops->commit(store, change, now_ms + 5000);
    /* Where a pruning took all that it may, there is more to do: go on at the next round. */
    if (status == OST_OK && change->u.prune.deleted >= ROWS_MAX)
        self->next_ms = now_ms;
    if (status == OST_OK && change->u.prune.decisions_deleted > 0) {
        log_notice("housekeeping", "the decision log is full: its %u oldest decisions were deleted before their time", change->u.prune.decisions_deleted);
        if (self->decisions_pruned)
            metric_add(self->decisions_pruned, change->u.prune.decisions_deleted);
    }
    if (status == OST_OK && change->u.prune.deleted > 0)
        log_info("housekeeping", "deleted %u old rows", change->u.prune.deleted);
    store_change_release(change);
}
