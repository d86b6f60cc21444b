/*
 * The running sessions in memory, 24 bytes each: whose they are and where. A stop needs no more, and a disk that cannot be
 * read must keep nobody in. Changed with each commit, and loaded bit by bit after the start, newest first. Private to db/.
 */
#ifndef OSTLER_DB_RUNNING_H
#define OSTLER_DB_RUNNING_H

#include <pthread.h>

#include "db/connection.h"
#include "runtime/core/limits.h"

#define RUNNING_MAX 262144 /* beyond these a session is known to the disk alone */

struct running_session {
    struct uuid id; /* nil: a free slot */
    uint32_t garage; /* the row's number */
    uint32_t partner; /* an index of partners */
};

struct running_note {
    struct uuid id;
    int64_t garage; /* 0: the session ended */
    char partner_id[SLUG_BYTES];
};

struct running {
    pthread_mutex_t lock; /* of the table and its partners */
    struct running_session *slots; /* by the id's random part; linear probing, at most half full */
    size_t slot_count;             /* a power of two, or 0 */
    size_t count;
    char (*partners)[SLUG_BYTES];
    size_t partner_count;
    /* the writer thread's own */
    struct running_note *notes; /* of the open transaction */
    size_t note_count, notes_max;
    int64_t load_below; /* sessions with a key below this are not loaded yet; 0: all are */
};

/* notes_max: changes of one transaction. False: no memory. */
bool running_init(struct running *running, size_t notes_max);
void running_finish(struct running *running); /* harmless where it is zeroed */

/* Writer thread, inside a transaction; accept NULL: nobody wants to know. */
void running_note_start(struct running *running, struct uuid id, int64_t garage, const char *partner_id);
void running_note_end(struct running *running, struct uuid id);
/* After the commit; after a rollback. Accept NULL. */
void running_publish(struct running *running);
void running_forget(struct running *running);
/* Load some more, outside of a transaction. Those from `newest` on came by notes. */
void running_begin_load(struct running *running, int64_t newest);
void running_load_some(struct running *running, struct connection *connection);

/* Any thread. False: it does not run, or is not in the table. */
bool running_find(struct running *running, struct uuid id, int64_t *garage, char partner_id[SLUG_BYTES]);

#endif
