#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

static bool key_claim(struct session_desk *desk, struct desk_key *key)
{
    struct running_key *other;

    snprintf(key->running.partner_id, sizeof(key->running.partner_id), "%s", key->call->caller->partner_id);
    snprintf(key->running.key, sizeof(key->running.key), "%s", key->call->idempotency_key);
    pthread_mutex_lock(&desk->lock);
    for (other = desk->running_keys; other; other = other->next) {
        if (strcmp(other->key, key->running.key) == 0 && strcmp(other->partner_id, key->running.partner_id) == 0)
            break;
    }
    if (!other) {
        key->running.next = desk->running_keys;
        desk->running_keys = &key->running;
        key->is_running = true;
    }
    pthread_mutex_unlock(&desk->lock);
    return key->is_running;
}

void desk_key_end(struct session_desk *desk, struct desk_key *key)
{
    if (!key->is_running)
        return;
    pthread_mutex_lock(&desk->lock);
    for (struct running_key **link = &desk->running_keys; *link; link = &(*link)->next) {
        if (*link == &key->running) {
            *link = key->running.next;
            break;
        }
    }
    pthread_mutex_unlock(&desk->lock);
    key->is_running = false;
}

bool desk_key_begin(struct session_desk *desk, struct desk_key *key, const struct desk_call *call,
                    desk_render_fn *render, bool despite_faults, struct desk_answer *out)
{
    struct store *store = desk->parts.store;
    enum ost_status status;

    memset(key, 0, sizeof(*key));
    key->call = call;
    key->render = render;
    if (!call->idempotency_key[0])
        return true;
    if (!key_claim(desk, key)) {
        out->verdict = DESK_KEY_IN_PROGRESS;
        return false;
    }
    /* What is only in memory first: it is recorded before it leaves that list, so one of the two has it. */
    if (desk_unrecorded_answer(desk, call->caller->partner_id, call->idempotency_key, &out->replay))
        status = OST_OK;
    else
        status = store->ops->find_answer(store, call->caller->partner_id, call->idempotency_key, &out->replay);
    if (status == OST_NOT_FOUND || (status != OST_OK && despite_faults))
        return true;
    if (status != OST_OK)
        out->verdict = desk_store_verdict(status);
    else if (out->replay.stored_at_ms + ANSWERS_KEPT_MS <= clock_wall_ms(desk->parts.clock))
        return true; /* the store replaces what is too old */
    else
        out->verdict = memcmp(out->replay.digest, call->digest, sizeof(call->digest)) == 0 ? DESK_REPLAYED
                                                                                            : DESK_KEY_REUSED;
    desk_key_end(desk, key);
    return false;
}

void desk_key_render(struct session_desk *desk, const struct desk_key *key, const struct desk_answer *answer,
                     struct stored_answer *stored)
{
    const struct desk_call *call = key->call;
    struct json_writer body;

    if (!call->idempotency_key[0])
        return;
    json_writer_init(&body, stored->body, sizeof(stored->body));
    stored->http_status = key->render(answer, &body, stored->location);
    if (body.overflow) {
        log_error("desk", "an answer is too long to be kept with its idempotency key");
        return;
    }
    stored->length = body.length;
    stored->stored_at_ms = clock_wall_ms(desk->parts.clock);
    memcpy(stored->digest, call->digest, sizeof(stored->digest));
    snprintf(stored->partner_id, sizeof(stored->partner_id), "%s", call->caller->partner_id);
    snprintf(stored->key, sizeof(stored->key), "%s", call->idempotency_key);
}

bool desk_key_store(struct session_desk *desk, const struct desk_key *key, const struct desk_answer *answer)
{
    struct store *store = desk->parts.store;
    struct store_change *change;
    enum ost_status status;

    if (!key->call->idempotency_key[0])
        return true;
    change = store_change_create(STORE_ANSWER);
    if (!change)
        return false;
    desk_key_render(desk, key, answer, change->answer);
    status = store->ops->commit(store, change, clock_monotonic_ms(desk->parts.clock) + START_DEADLINE_MS);
    store_change_release(change);
    return status == OST_OK;
}

bool desk_key_verdict(const struct store_change *change, struct desk_answer *out)
{
    if (change->result == STORE_KEY_REPLAY) {
        out->replay = *change->answer;
        out->verdict = DESK_REPLAYED;
        return true;
    }
    if (change->result == STORE_KEY_REUSED) {
        out->verdict = DESK_KEY_REUSED;
        return true;
    }
    return false;
}
