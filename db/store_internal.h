/* What the files of the SQLite store share. Private to db/. */
#ifndef OSTLER_DB_STORE_INTERNAL_H
#define OSTLER_DB_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "db/apply.h"
#include "db/change_block.h"
#include "db/sqlite_store.h"

#define POSTED_MAX 4096
#define RESTARTED "restarted" /* the reason of a command that an earlier run left unfinished */
#define TOKENS_MAX 4096 /* in memory; of more, the database is asked */

/* Each class of changes has its own share, so that a flood of starts cannot starve the stops. */
enum change_class { CLASS_STOPS, CLASS_REST, CLASS_STARTS, CLASS_COUNT };

struct change_list {
    struct change_block *first;
    struct change_block **last;
    unsigned length;
};

struct reader {
    pthread_mutex_t lock;
    struct connection connection; /* opened at first use */
};

struct token_table {
    _Atomic uint64_t *generation; /* in a file that other processes bump: see tokens.c */
    bool is_private;              /* no other process can bump it */
    pthread_mutex_t lock;         /* of all below */
    bool is_loaded;
    bool is_whole; /* no token is missing */
    uint64_t seen_generation;
    int64_t retry_at_ms; /* monotonic; after a load that failed */
    struct device_token *tokens; /* by hash */
    size_t count;
};

struct sqlite_store {
    struct store base; /* first: a store pointer is a pointer to this */
    struct sqlite_store_settings settings;
    char file_path[4096];
    char path[3 * 4096]; /* what connections open: the file's path, or a URI of it; see opening.c */
    char reserve_path[4104];
    char (*garage_ids)[SLUG_BYTES]; /* of the settings, whose own may go after the opening */
    int lock_file;   /* held while this runtime has the database; -1: not yet */
    int64_t own_from; /* ids from here on were made by this process; what an earlier one left unfinished is expired */

    /* the queue */
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct change_list waiting[CLASS_COUNT];
    struct change_list posted;
    bool closing;

    /* the writer thread's own */
    pthread_t writer;
    struct connection connection;
    struct applier applier;
    struct counters counters;
    struct running running;
    int64_t retry_posted_at_ms;  /* monotonic */
    int64_t posted_due_ms;       /* monotonic; under the lock */
    int64_t room_checked_ms;
    int64_t opening_tried_ms; /* monotonic */
    bool garages_missing;     /* of the configuration, in the database: there was no room for their rows */

    /* the checkpointer */
    pthread_t checkpointer;
    pthread_mutex_t checkpoint_lock;
    pthread_cond_t checkpoint_wanted;
    bool checkpoint_closing;
    bool checkpoint_due;
    _Atomic int wal_pages;

    /* seen by all */
    struct reader *readers;
    _Atomic unsigned next_reader;
    _Atomic int room; /* enum store_room */
    _Atomic bool writable;
    _Atomic bool is_read_only; /* since the start the database could only be read */
    _Atomic uint64_t commits;
    _Atomic uint64_t changes;
    struct token_table tokens;
    struct metric *commit_seconds;
};

#define GROUP_MAX 512

/* What is committed at once. */
struct change_group {
    struct change_block *blocks[GROUP_MAX];
    enum ost_status status[GROUP_MAX]; /* OST_OK: apply it; else it is decided so */
    size_t count;
};

/* writer.c */
enum ost_status writer_commit(struct store *store, struct store_change *change, int64_t deadline_ms);
enum ost_status writer_post(struct store *store, struct store_change *change);
void *writer_run(void *context);
bool writer_is_closing(struct sqlite_store *store);

/* writer_group.c; writer thread */
enum ost_status writer_open(struct sqlite_store *store);
/* Commit the group; group->status says how each change was decided. An empty group tries whether the disk takes writes. */
void group_commit(struct sqlite_store *store, struct change_group *group);

/* opening.c */
enum ost_status opening_run(struct sqlite_store *store);                       /* before the threads are started */
void opening_try_again(struct sqlite_store *store, int64_t now_ms);            /* writer thread; where it can only be read */
void opening_complete_garages(struct sqlite_store *store);                     /* writer thread; when there is room */

/* room.c; writer thread */
void room_prepare(struct sqlite_store *store);         /* at start: make the reserve */
bool room_give_up_reserve(struct sqlite_store *store); /* at start: false: there is none */
bool room_is_on_disk(const struct sqlite_store *store, int64_t bytes);
void room_ran_out(struct sqlite_store *store);       /* a write found no space */
void room_was_found(struct sqlite_store *store);     /* a commit went through */
void room_look_again(struct sqlite_store *store, int64_t now_ms);
bool room_allows(const struct sqlite_store *store, enum store_change_kind kind);

/* checkpointer.c */
void *checkpointer_run(void *context);
void checkpoint_after_commit(struct sqlite_store *store); /* writer thread */
void checkpoint_now(struct sqlite_store *store);          /* writer thread, outside of a transaction */

/* reads.c */
struct reader *reader_take(struct sqlite_store *store); /* NULL: it cannot be opened (logged) */
/* Any but the first, which is left to the stops and openings: lists take long, and many may be asked for. */
struct reader *reader_take_for_list(struct sqlite_store *store);
void reader_put(struct reader *reader);
void reads_fill_ops(struct store_ops *ops);

/* policies.c */
void policies_fill_ops(struct store_ops *ops);

/* facts.c */
enum ost_status facts_read(struct store *base, const char *garage_id, const char *plate, const char *user_id,
                           int64_t today_from_ms, int64_t now_ms, struct visit_facts *out);

/* tokens.c */
enum ost_status tokens_open(struct sqlite_store *store);
void tokens_share(struct sqlite_store *store); /* where tokens_open() could not yet: see there */
void tokens_close(struct sqlite_store *store);
void tokens_changed(struct sqlite_store *store);
enum ost_status tokens_find(struct store *base, const unsigned char hash[TOKEN_HASH_BYTES], struct device_token *out);

#endif
