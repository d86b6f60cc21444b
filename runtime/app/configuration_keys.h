/* Reading the keys of one section of the configuration. Private to runtime/app. */
#ifndef OSTLER_APP_CONFIGURATION_KEYS_H
#define OSTLER_APP_CONFIGURATION_KEYS_H

#include <lua.h>

#include "runtime/app/configuration.h"
#include "runtime/core/scope.h"

struct configuration_context {
    const char *text;
    size_t length;
    const char *path;
    struct configuration *configuration;
    struct configuration_report *report;
};

/* A table of the configuration while it is read. */
struct keys {
    lua_State *lua;
    struct configuration_context *context;
    const char *section;
    int table; /* its index on the stack */
    int line;  /* where the section begins */
};

void report_problem(struct configuration_report *report, int line, bool is_warning, const char *format, ...) OST_PRINTF(4, 5);

/* Begin a section: its one argument is a table with none but known keys; others are reported with a suggestion. */
struct configuration *keys_begin(struct keys *keys, lua_State *lua, const char *section, const char *const *known);
/* A key whose value is a table: begin it, end with keys_end_table(). False: it is none. */
bool keys_table(struct keys *keys, const char *key, struct keys *inner, const char *const *known);
void keys_end_table(struct keys *inner);

bool keys_has(struct keys *keys, const char *key);
/* Report; the line is that of the key where the text tells it. */
void keys_fail(struct keys *keys, const char *key, const char *what);
void keys_warn(struct keys *keys, const char *key, const char *what);
void keys_unknown(struct keys *keys, const char *name, const char *const *known, const char *what);

/* Each leaves what it writes to as it is where the key is missing or wrong (reported). */
void keys_text(struct keys *keys, const char *key, char *out, size_t bytes, bool required);
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

#endif
