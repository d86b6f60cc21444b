/*
 * The configuration: garage.lua as values. Every key is checked for type, unit and range; all errors are reported at
 * once, each with file, line and what to do. See the configuration contract.
 */
#ifndef OSTLER_APP_CONFIGURATION_H
#define OSTLER_APP_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/core/garage.h"

#define CONFIGURATION_BYTES_MAX (256 * 1024)
#define CONFIGURATION_PROBLEMS_MAX 64
#define PATH_BYTES 1024

struct configuration {
    struct {
        char listen[80];
        int64_t workers;
        int64_t connections_per_address; /* 0: half of the workers */
        bool insecure;
    } http;
    struct {
        char listen[80]; /* empty: no metrics */
    } metrics;
    struct {
        char path[PATH_BYTES];
        int64_t quota_bytes;   /* 0: none */
        int64_t reserve_bytes;
        int64_t keep_past_sessions_ms;
    } storage;
    char policies_directory[PATH_BYTES]; /* empty: none */
    struct site *site;                   /* owned; NULL once it was handed on */
    char *text;                          /* owned: the file as it was read, NUL-terminated */
    size_t text_length;
};

struct configuration_problem {
    int line; /* 0: of the file as a whole */
    bool is_warning;
    char text[384];
};

struct configuration_report {
    char file[PATH_BYTES];
    struct configuration_problem problems[CONFIGURATION_PROBLEMS_MAX];
    size_t count;    /* may be larger than the array */
    size_t errors;
    char storage_path[PATH_BYTES]; /* where the file says so, however broken the rest is; empty: it could not be told */
};

/*
 * Read a file. *out is the caller's to configuration_free(). Relative paths in it count from the file's folder.
 * OST_NOT_FOUND: no such file; OST_TOO_LARGE; OST_IO; OST_INVALID: report->errors says how many, and nothing else is left.
 * The report is filled in each case, with a problem that says what to do. One thread at a time.
 */
enum ost_status configuration_read(const char *path, struct configuration **out,
                                   struct configuration_report *report) OST_MUST_CHECK;
/* The same for a text; name is what messages call it. */
enum ost_status configuration_parse(const char *text, size_t length, const char *path, struct configuration **out,
                                    struct configuration_report *report) OST_MUST_CHECK;
void configuration_free(struct configuration *configuration); /* accepts NULL */

/* The configuration's path: --config (NULL: not given), $OSTLER_CONFIG, /etc/ostler/garage.lua. */
const char *configuration_path(const char *option);

/*
 * A reload: make next->site what can be in force now, beside a runtime that was started with one configuration and runs a
 * site: partners, rules and settings of garages are next's, garages and doors those that run. What waits for a restart is
 * named in text, such as "http.listen, door north/entry-1"; empty: nothing. OST_NO_MEMORY: next is as before.
 */
enum ost_status configuration_merge(const struct configuration *started, const struct site *running, struct configuration *next,
                                    char *text, size_t bytes) OST_MUST_CHECK;

/* Whole file in memory, with a NUL behind it; the caller's to free(). OST_NOT_FOUND, OST_TOO_LARGE, OST_IO, OST_NO_MEMORY. */
enum ost_status file_read(const char *path, size_t most, char **out, size_t *length) OST_MUST_CHECK;
/* Replace a file so that a power cut leaves the old or the new one: written beside it, synced, renamed. */
enum ost_status file_replace(const char *path, const char *bytes, size_t length, unsigned mode) OST_MUST_CHECK;

#endif
