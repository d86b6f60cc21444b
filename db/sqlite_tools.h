/*
 * What the command line does to a database file itself, whether a runtime has it open or not.
 */
#ifndef OSTLER_DB_SQLITE_TOOLS_H
#define OSTLER_DB_SQLITE_TOOLS_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/ports/store.h"

/* Called for each thing that is wrong, in words for people. */
typedef void sqlite_problem_fn(void *context, const char *problem);

/*
 * Check the file and the rules between its tables: integrity, counters, uniqueness, the outbox without gaps, each opening
 * in the ledger once. *problem_count says how many. Faults of reading are statuses. OST_NOT_FOUND: no such file.
 */
enum ost_status sqlite_check(const char *path, sqlite_problem_fn *report, void *context,
                             size_t *problem_count) OST_MUST_CHECK;

/* Bring the file to this program's version. OST_CONFLICT: it is newer. *version is what it has now. */
enum ost_status sqlite_migrate(const char *path, int *version) OST_MUST_CHECK;

/* A consistent copy in a new file, while it is in use. OST_NOT_FOUND: no such database. */
enum ost_status sqlite_backup(const char *path, const char *copy) OST_MUST_CHECK;

/* Tokens: they count in a running runtime at once. The file is made if it is not there. */
enum ost_status sqlite_token_put(const char *path, const struct device_token *token) OST_MUST_CHECK;
/* OST_NOT_FOUND: no such token, or revoked before. */
enum ost_status sqlite_token_revoke(const char *path, const char *token_id, int64_t now_ms) OST_MUST_CHECK;
enum ost_status sqlite_token_list(const char *path, struct device_token *out, size_t limit, size_t *count) OST_MUST_CHECK;

#endif
