/* Reading the keys of one section of the configuration. Private to runtime/app. */
#ifndef OSTLER_APP_CONFIGURATION_KEYS_H
#define OSTLER_APP_CONFIGURATION_KEYS_H

#include <lua.h>

#include "runtime/app/configuration.h"
#include "runtime/base/listen_address.h"
#include "runtime/core/scope.h"

struct configuration_context {
    const char *text; /* with a NUL behind it */
    size_t length;
    const char *path;
    struct configuration *configuration;
    struct configuration_report *report;
    int http_line, metrics_line, storage_line, policies_line; /* where the section stands; 0: nowhere so far */
    struct listen_address metrics_address;
    const char *last_section; /* begun last, with its line and how many of that name begin earlier on it */
    int last_line, last_before;
};

/* A table of the configuration while it is read. */
struct keys {
    lua_State *lua;
    struct configuration_context *context;
    const char *section;
    int table; /* its index on the stack */
    int line;   /* where the section begins */
    int before; /* sections of this name that begin earlier on the same line */
};

void report_problem(struct configuration_report *report, int line, bool is_warning, const char *format, ...) OST_PRINTF(4, 5);

/* Begin a section: its one argument is a table with none but known keys; others are reported with a suggestion. */
struct configuration *keys_begin(struct keys *keys, lua_State *lua, const char *section, const char *const *known);
/* A key whose value is a table: begin it, end with keys_end_table(). False: it is none. */
bool keys_table(struct keys *keys, const char *key, struct keys *inner, const char *const *known);
void keys_end_table(struct keys *inner);

/* A section that may stand once: a second one is an error. *first_line is 0 at first. */
void keys_once(struct keys *keys, int *first_line);
/*
 * A key whose value is a list of 1 to most values and nothing else: leaves it on the stack, to be popped. False: it is none
 * (reported, with the shape that was expected), and the stack is as before.
 */
bool keys_list(struct keys *keys, const char *key, lua_Unsigned most, lua_Unsigned *count, const char *shape);

bool keys_has(struct keys *keys, const char *key);
/* The line of a section's key in the text, or of the section where it has no such key (or key is NULL). */
int configuration_line_of(const struct keys *keys, const char *key);
/* Report; the line is that of the key where the text tells it. */
void keys_fail(struct keys *keys, const char *key, const char *what);
void keys_warn(struct keys *keys, const char *key, const char *what);
void keys_unknown(struct keys *keys, const char *name, const char *const *known, const char *what);

/* Each leaves what it writes to as it is where the key is missing or wrong (reported). */
void keys_text(struct keys *keys, const char *key, char *out, size_t bytes, bool required);
/* An address to listen on; out keeps what it holds where the key is missing. False: it is none (reported). */
bool keys_listen(struct keys *keys, const char *key, char *out, size_t bytes, struct listen_address *address);
void keys_path(struct keys *keys, const char *key, char out[PATH_BYTES], bool required);
void keys_slug(struct keys *keys, const char *key, char out[SLUG_BYTES], bool required);
/* True: the key is there (even if it is wrong). */
bool keys_choice(struct keys *keys, const char *key, const char *const *choices, char *out, size_t bytes);
int64_t keys_integer(struct keys *keys, const char *key, int64_t least, int64_t most, int64_t otherwise);
bool keys_boolean(struct keys *keys, const char *key, bool otherwise);
int64_t keys_duration(struct keys *keys, const char *key, int64_t least_ms, int64_t most_ms, int64_t otherwise_ms);
int64_t keys_size(struct keys *keys, const char *key, int64_t least, int64_t most, int64_t otherwise);
/* All of a partner's scopes where the key is missing. */
scope_set keys_scopes(struct keys *keys, const char *key);

/* ---- sections in files of their own ---- */

int configuration_read_door(lua_State *lua);
int configuration_read_garage(lua_State *lua);
/* Report doors that stand in no garage, once the file has run. */
void configuration_report_stray_doors(lua_State *lua);

#endif
