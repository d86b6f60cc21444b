/*
 * Stops that were let out and that the store could not take until the end of the process: they go to a file, one JSON object
 * a line, and are posted at the next start. Mostly it is a full disk that kept the store from taking them; so room for the
 * file is allocated beforehand, while there is some.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"
#include "runtime/service/stop_json.h"

#define RESERVED_BYTES (1024 * 1024) /* some hundred stops */

static void log_lost(struct uuid session_id, const char *what, const char *why)
{
    char id[UUID_TEXT_BYTES];

    uuid_format(session_id, id);
    log_error("desk", "%s of session %s is not recorded: %s", what, id, why);
}

/* The end of the file stays; a file system that cannot do it has only the room that there is. */
static void reserve_room(int file)
{
    if (fallocate(file, FALLOC_FL_KEEP_SIZE, 0, RESERVED_BYTES) != 0)
        log_debug("desk", "no room is reserved for stops that the store cannot take: %s", strerror(errno));
}

static int open_spill(const struct session_desk *desk)
{
    int file = open(desk->spill_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (file < 0)
        log_error("desk", "cannot open %s: %s", desk->spill_path, strerror(errno));
    return file;
}

/* ---- at the end ---- */

static bool write_whole(int file, const char *bytes, size_t length, off_t at)
{
    while (length > 0) {
        ssize_t written = pwrite(file, bytes, length, at);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
        at += written;
    }
    return true;
}

/* Append a departure at *end. NULL, or why it could not be. */
static const char *spill_one(int file, const struct departure *departure, char *line, off_t *end)
{
    struct json_writer writer;

    if (!departure->unposted)
        return "the store did not give it back";
    if (file < 0 || !line)
        return "there is no file for it";
    json_writer_init(&writer, line, STOP_JSON_BYTES - 1);
    stop_json_write(&writer, departure->unposted, &departure->session);
    if (writer.overflow)
        return "it is too long";
    line[writer.length] = '\n';
    if (!write_whole(file, line, writer.length + 1, *end))
        return strerror(errno);
    *end += (off_t)writer.length + 1;
    return NULL;
}

void desk_spill_write(struct session_desk *desk)
{
    bool has_work = desk->departures || desk->spill_is_used;
    int file = has_work && desk->spill_path[0] ? open_spill(desk) : -1;
    char *line = desk->departures ? malloc(STOP_JSON_BYTES) : NULL;
    unsigned kept = 0;
    off_t end = 0;

    for (const struct departure *departure = desk->departures; departure; departure = departure->next) {
        const char *why = spill_one(file, departure, line, &end);

        if (why)
            log_lost(departure->session_id, "a stop", why);
        kept += !why;
    }
    for (const struct unrecorded_opening *opening = desk->unrecorded; opening; opening = opening->next)
        log_lost(opening->session_id, "an opening of the exit", "the store did not take it");
    if (file >= 0) {
        if (ftruncate(file, end) != 0 || fsync(file) != 0)
            log_error("desk", "cannot sync %s: %s", desk->spill_path, strerror(errno));
        close(file);
    }
    if (kept > 0)
        log_warning("desk", "%u stops that the store could not take are kept in %s for the next start", kept, desk->spill_path);
    free(line);
}

/* ---- at the next start ---- */

/* What became of the exit's command nobody knows, unless its outcome was recorded: as with any that a restart finds. */
static void expire_command(struct session_desk *desk, const struct door_command *command)
{
    struct store *store = desk->parts.store;
    struct store_change *change;
    struct door_command known;
    enum ost_status status;

    if (uuid_is_nil(command->id) || command_status_is_final(command->status))
        return;
    status = store->ops->find_command(store, command->id, &known);
    if (status != OST_NOT_FOUND && (status != OST_OK || command_status_is_final(known.status)))
        return;
    change = store_change_create(STORE_OUTCOME);
    if (!change)
        return; /* the next restart finds it */
    change->u.outcome.has_command = change->u.outcome.is_opening = true;
    change->u.outcome.opening.command = *command;
    change->u.outcome.opening.command.status = COMMAND_EXPIRED;
    snprintf(change->u.outcome.opening.command.reason, CODE_BYTES, "restarted");
    change->u.outcome.opening.command.finished_at_ms = clock_wall_ms(desk->parts.clock);
    change->u.outcome.opening.id = uuid_make(desk->parts.ids, clock_wall_ms(desk->parts.clock));
    if (store->ops->post(store, change) != OST_OK)
        store_change_release(change);
}

/* Ids that are not in the database yet must not be made again. */
static void raise_ids(struct session_desk *desk, const struct store_change *change)
{
    const struct uuid ids[] = {change->event->id, change->command->id, change->decision->id, change->audit->id};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (!uuid_is_nil(ids[i]))
            uuid_generator_raise(desk->parts.ids, uuid_order(ids[i]));
    }
    clock_raise_floor(desk->parts.clock, change->session->ended_at_ms);
}

static enum ost_status restore_line(struct session_desk *desk, const char *line, size_t length)
{
    struct store_change *change = store_change_create(STORE_STOP);
    struct json_document *document = NULL;
    struct door_command command;
    struct session session;
    enum ost_status status = OST_NO_MEMORY;
    char error[128];

    if (!change)
        return OST_NO_MEMORY;
    memset(&session, 0, sizeof(session));
    status = json_parse(line, length, 8, &document, error);
    if (status == OST_OK)
        status = stop_json_read(json_root(document), change, &session);
    if (status == OST_OK) {
        raise_ids(desk, change);
        command = *change->command;
        status = desk_departure_restore(desk, &session, change);
    }
    if (status == OST_OK) {
        desk_repost(desk);
        expire_command(desk, &command);
    }
    json_free(document);
    store_change_release(change);
    return status;
}

/* A line that nobody can read is not thrown away: staff may. */
static void put_aside(const struct session_desk *desk, const char *line, size_t length, unsigned number)
{
    char path[sizeof(desk->spill_path) + 16];
    FILE *aside;

    snprintf(path, sizeof(path), "%s.damaged", desk->spill_path);
    log_error("desk", "line %u of %s is damaged: a stop is not recorded; the line is kept in %s", number, desk->spill_path, path);
    aside = fopen(path, "ae");
    if (!aside)
        return;
    fwrite(line, 1, length, aside);
    fputc('\n', aside);
    fflush(aside);
    (void)!fsync(fileno(aside));
    fclose(aside);
}

void desk_spill_read(struct session_desk *desk)
{
    unsigned restored = 0, number = 0;
    size_t capacity = 0;
    char *line = NULL;
    ssize_t length;
    int file = desk->spill_path[0] ? open_spill(desk) : -1;
    FILE *lines = file >= 0 ? fdopen(file, "r+e") : NULL;

    if (!lines) {
        if (file >= 0)
            close(file);
        return;
    }
    while ((length = getline(&line, &capacity, lines)) > 0) {
        length -= line[length - 1] == '\n';
        number++;
        if (restore_line(desk, line, (size_t)length) == OST_OK)
            restored++;
        else
            put_aside(desk, line, (size_t)length, number);
    }
    desk->spill_is_used = number > 0;
    if (restored > 0)
        log_notice("desk", "%u stops of the last run are with the store now", restored);
    reserve_room(file);
    free(line);
    fclose(lines);
}

void desk_spill_tidy(struct session_desk *desk)
{
    int file;

    if (!desk->spill_is_used || atomic_load(&desk->ending_count) > 0)
        return;
    file = open_spill(desk);
    if (file < 0)
        return;
    if (ftruncate(file, 0) == 0 && fsync(file) == 0)
        desk->spill_is_used = false;
    reserve_room(file);
    close(file);
}
