#include "db/running.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/log.h"

#define SLOTS_FIRST  1024
#define PARTNERS_MAX 65536
#define LOAD_ROWS    4096 /* at once: the writer is away for a few milliseconds */

bool running_init(struct running *running, size_t notes_max)
{
    memset(running, 0, sizeof(*running));
    running->notes = calloc(notes_max, sizeof(*running->notes));
    running->notes_max = notes_max;
    pthread_mutex_init(&running->lock, NULL);
    return running->notes != NULL;
}

void running_finish(struct running *running)
{
    free(running->slots);
    free(running->partners);
    free(running->notes);
    pthread_mutex_destroy(&running->lock);
    memset(running, 0, sizeof(*running));
}

/* ---- the table; under the lock ---- */

/* Where the id is, or the free slot where it would be. There is a free one. */
static size_t place_of(const struct running *running, struct uuid id)
{
    size_t at = (size_t)uuid_tail(id) & (running->slot_count - 1);

    while (!uuid_is_nil(running->slots[at].id) && !uuid_equal(running->slots[at].id, id))
        at = (at + 1) & (running->slot_count - 1);
    return at;
}

static bool make_room(struct running *running)
{
    struct running larger = {.slot_count = running->slot_count ? 2 * running->slot_count : SLOTS_FIRST};

    if (2 * (running->count + 1) <= running->slot_count)
        return true;
    if (running->count >= RUNNING_MAX)
        return false;
    larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < running->slot_count; i++) {
        if (!uuid_is_nil(running->slots[i].id))
            larger.slots[place_of(&larger, running->slots[i].id)] = running->slots[i];
    }
    free(running->slots);
    running->slots = larger.slots;
    running->slot_count = larger.slot_count;
    return true;
}

/* False: there is no memory for one more. */
static bool partner_index(struct running *running, const char *partner_id, uint32_t *index)
{
    char(*more)[SLUG_BYTES];

    for (size_t i = 0; i < running->partner_count; i++) {
        if (strcmp(running->partners[i], partner_id) == 0) {
            *index = (uint32_t)i;
            return true;
        }
    }
    if (running->partner_count == PARTNERS_MAX)
        return false;
    more = realloc(running->partners, (running->partner_count + 1) * sizeof(*more));
    if (!more)
        return false;
    running->partners = more;
    strncpy(more[running->partner_count], partner_id, SLUG_BYTES - 1);
    more[running->partner_count][SLUG_BYTES - 1] = '\0';
    *index = (uint32_t)running->partner_count++;
    return true;
}

/* A session for which there is no memory is known to the disk alone. */
static void put(struct running *running, struct uuid id, int64_t garage, const char *partner_id)
{
    uint32_t partner;
    size_t at;

    if (!make_room(running) || !partner_index(running, partner_id, &partner))
        return;
    at = place_of(running, id);
    running->count += uuid_is_nil(running->slots[at].id);
    running->slots[at] = (struct running_session){.id = id, .garage = (uint32_t)garage, .partner = partner};
}

/* Those behind it move up, so that each is still found from its own place on. */
static void drop(struct running *running, struct uuid id)
{
    size_t mask = running->slot_count - 1;
    size_t hole, at;

    if (running->slot_count == 0)
        return;
    hole = place_of(running, id);
    if (uuid_is_nil(running->slots[hole].id))
        return;
    for (at = (hole + 1) & mask; !uuid_is_nil(running->slots[at].id); at = (at + 1) & mask) {
        size_t home = (size_t)uuid_tail(running->slots[at].id) & mask;

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            running->slots[hole] = running->slots[at];
            hole = at;
        }
    }
    memset(&running->slots[hole], 0, sizeof(running->slots[hole]));
    running->count--;
}

/* ---- with the writer's transactions ---- */

static void note(struct running *running, struct uuid id, int64_t garage, const char *partner_id)
{
    struct running_note *next;

    if (!running || running->note_count == running->notes_max)
        return;
    next = &running->notes[running->note_count++];
    next->id = id;
    next->garage = garage;
    strncpy(next->partner_id, partner_id, SLUG_BYTES - 1);
}

void running_note_start(struct running *running, struct uuid id, int64_t garage, const char *partner_id)
{
    note(running, id, garage, partner_id);
}

void running_note_end(struct running *running, struct uuid id)
{
    note(running, id, 0, "");
}

void running_publish(struct running *running)
{
    if (!running || running->note_count == 0)
        return;
    pthread_mutex_lock(&running->lock);
    for (size_t i = 0; i < running->note_count; i++) {
        const struct running_note *noted = &running->notes[i];

        if (noted->garage != 0)
            put(running, noted->id, noted->garage, noted->partner_id);
        else
            drop(running, noted->id);
    }
    pthread_mutex_unlock(&running->lock);
    running->note_count = 0;
}

void running_forget(struct running *running)
{
    if (running)
        running->note_count = 0;
}

/* ---- loading: on the writer thread, so that no session ends between its row and the table ---- */

void running_begin_load(struct running *running, int64_t newest)
{
    running->load_below = newest;
}

void running_load_some(struct running *running, struct connection *connection)
{
    int64_t last = 0;
    sqlite3_stmt *row;
    int rows = 0;
    int code;

    if (running->load_below == 0)
        return;
    row = connection_statement(connection, SQL_RUNNING_LOAD);
    bind_integer(row, 1, running->load_below);
    bind_integer(row, 2, LOAD_ROWS);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        char partner_id[SLUG_BYTES];

        last = sqlite3_column_int64(row, 0);
        read_text(row, 3, partner_id, sizeof(partner_id));
        pthread_mutex_lock(&running->lock);
        put(running, read_id(row, 0), sqlite3_column_int64(row, 2), partner_id);
        pthread_mutex_unlock(&running->lock);
        rows++;
    }
    sqlite3_reset(row);
    if (code != SQLITE_DONE) {
        log_debug("store", "running sessions cannot be read into memory now: %s", sqlite3_errstr(code));
        return;
    }
    running->load_below = rows == LOAD_ROWS && running->count < RUNNING_MAX ? last : 0;
}

bool running_find(struct running *running, struct uuid id, int64_t *garage, char partner_id[SLUG_BYTES])
{
    bool found = false;

    pthread_mutex_lock(&running->lock);
    if (running->slot_count > 0) {
        const struct running_session *session = &running->slots[place_of(running, id)];

        found = !uuid_is_nil(session->id);
        if (found) {
            *garage = session->garage;
            memcpy(partner_id, running->partners[session->partner], SLUG_BYTES);
        }
    }
    pthread_mutex_unlock(&running->lock);
    return found;
}
