#include "runtime/app/configuration.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/app/configuration_keys.h"
#include "runtime/policy/sandbox.h"

static const char *const sections[] = {"http", "metrics", "storage", "policies", "garage", "door", "partner", "upstream", NULL};

/* ---- sections ---- */

static int read_http(lua_State *lua)
{
    static const char *const known[] = {"listen", "workers", "connections_per_address", "insecure", "tls", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "http", known);
    struct listen_address address;
    bool is_address;

    keys_once(&keys, &keys.context->http_line);
    is_address = keys_listen(&keys, "listen", configuration->http.listen, sizeof(configuration->http.listen), &address);
    configuration->http.workers = keys_integer(&keys, "workers", 8, 1024, configuration->http.workers);
    configuration->http.connections_per_address = keys_integer(&keys, "connections_per_address", 1, 1024, 0);
    configuration->http.insecure = keys_boolean(&keys, "insecure", false);
    if (keys_has(&keys, "tls"))
        keys_fail(&keys, "tls", "this version does not do TLS; let a proxy in front do it and set insecure = true, or listen on 127.0.0.1");
    /* Loopback is the only place to listen without TLS, unless something in front does it. */
    if (is_address && !address.is_loopback && !configuration->http.insecure)
        keys_fail(&keys, "listen", "without TLS only an address of this machine is safe, such as 127.0.0.1:8080; if something in front does TLS, add insecure = true");
    return 0;
}

static int read_metrics(lua_State *lua)
{
    static const char *const known[] = {"listen", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "metrics", known);

    keys_once(&keys, &keys.context->metrics_line);
    if (!keys_listen(&keys, "listen", configuration->metrics.listen, sizeof(configuration->metrics.listen), &keys.context->metrics_address))
        keys.context->metrics_address.is_loopback = true; /* one error is enough */
    return 0;
}

static int read_storage(lua_State *lua)
{
    static const char *const known[] = {"path", "quota", "reserve", "keep_past_sessions", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "storage", known);

    keys_once(&keys, &keys.context->storage_line);
    keys_path(&keys, "path", configuration->storage.path, true);
    configuration->storage.quota_bytes = keys_size(&keys, "quota", 16 << 20, INT64_C(1) << 43, 0);
    configuration->storage.reserve_bytes = keys_size(&keys, "reserve", 1 << 20, 1 << 30, configuration->storage.reserve_bytes);
    configuration->storage.keep_past_sessions_ms =
        keys_duration(&keys, "keep_past_sessions", 86400000, INT64_C(3660) * 86400000, configuration->storage.keep_past_sessions_ms);
    return 0;
}

static int read_policies(lua_State *lua)
{
    static const char *const known[] = {"directory", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "policies", known);

    keys_once(&keys, &keys.context->policies_line);
    keys_path(&keys, "directory", configuration->policies_directory, true);
    return 0;
}

static int read_upstream(lua_State *lua)
{
    static const char *const known[] = {"servers", "credentials_file", "offline_starts", NULL};
    struct keys keys;

    keys_begin(&keys, lua, "upstream", known);
    keys_fail(&keys, NULL, "this version does not sync upstream; take upstream { } out: events stay in the database for 30 days");
    return 0;
}

static int read_partner(lua_State *lua)
{
    static const char *const known[] = {"id", "issuer", "audience", "scopes", "requests_per_minute", NULL};
    struct keys keys;
    struct configuration *configuration = keys_begin(&keys, lua, "partner", known);
    struct site *site = configuration->site;
    struct partner *grown = realloc(site->partners, (site->partner_count + 1) * sizeof(*grown));
    struct partner *partner;

    if (!grown)
        return luaL_error(lua, "out of memory");
    site->partners = grown;
    partner = &grown[site->partner_count];
    memset(partner, 0, sizeof(*partner));
    keys_slug(&keys, "id", partner->id, true);
    if (strcmp(partner->id, STAFF_PARTNER) == 0)
        keys_fail(&keys, "id", "'staff' is built in; give this partner another id");
    else if (partner->id[0] && site_find_partner(site, partner->id))
        keys_fail(&keys, "id", "two partners have this id");
    partner->scopes = keys_scopes(&keys, "scopes");
    partner->requests_per_minute = (uint32_t)keys_integer(&keys, "requests_per_minute", 1, 600000, 0);
    if (keys_has(&keys, "issuer") || keys_has(&keys, "audience"))
        keys_warn(&keys, "issuer", "this version does not verify access tokens of an identity provider; make device tokens with 'ostler token create'");
    site->partner_count++;
    return 0;
}

/* ---- the whole file ---- */

static int unknown_section(lua_State *lua)
{
    struct keys keys = {.lua = lua, .context = sandbox_host(lua), .line = sandbox_line(lua)};

    keys_unknown(&keys, luaL_checkstring(lua, 2), sections, "there is no section '%s'");
    return luaL_error(lua, "reported");
}

static int run_file(lua_State *lua)
{
    const struct configuration_context *context = sandbox_host(lua);
    static const luaL_Reg readers[] = {{"http", read_http}, {"metrics", read_metrics}, {"storage", read_storage},
        {"policies", read_policies}, {"garage", configuration_read_garage}, {"door", configuration_read_door}, {"partner", read_partner},
        {"upstream", read_upstream}, {NULL, NULL}};

    sandbox_push_library(lua);
    luaL_setfuncs(lua, readers, 0);
    lua_newtable(lua);
    lua_pushcfunction(lua, unknown_section);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    sandbox_load(lua, context->text, context->length, "configuration");
    lua_call(lua, 0, 0);
    configuration_report_stray_doors(lua);
    return 0;
}

static struct configuration *configuration_create(const char *text, size_t length)
{
    struct configuration *configuration = calloc(1, sizeof(*configuration));

    if (!configuration)
        return NULL;
    configuration->site = calloc(1, sizeof(*configuration->site));
    configuration->text = malloc(length + 1);
    if (!configuration->site || !configuration->text) {
        configuration_free(configuration);
        return NULL;
    }
    memcpy(configuration->text, text, length);
    configuration->text[length] = '\0';
    configuration->text_length = length;
    snprintf(configuration->http.listen, sizeof(configuration->http.listen), "127.0.0.1:8080");
    snprintf(configuration->metrics.listen, sizeof(configuration->metrics.listen), "127.0.0.1:9464");
    configuration->http.workers = 256;
    configuration->storage.reserve_bytes = 4 << 20;
    configuration->storage.keep_past_sessions_ms = INT64_C(400) * 86400000;
    return configuration;
}

void configuration_free(struct configuration *configuration)
{
    if (!configuration)
        return;
    site_destroy(configuration->site);
    free(configuration->text);
    free(configuration);
}

static bool add_staff(struct site *site)
{
    struct partner *grown = realloc(site->partners, (site->partner_count + 1) * sizeof(*grown));

    if (!grown)
        return false;
    site->partners = grown;
    grown[site->partner_count] = (struct partner){.id = STAFF_PARTNER, .scopes = SCOPES_OF_STAFF};
    site->partner_count++;
    return true;
}

/* What no section can see alone. */
static void check_whole(const struct configuration_context *context)
{
    const struct configuration *configuration = context->configuration;
    struct configuration_report *report = context->report;

    if (context->metrics_line > 0 && !context->metrics_address.is_loopback && !configuration->http.insecure)
        report_problem(report, context->metrics_line, false,
                       "metrics.listen: metrics are neither encrypted nor asked for a token: only an address of this machine is safe, such as 127.0.0.1:9464; if something in front protects them, add insecure = true to http { }");
    if (configuration->site->garage_count == 0)
        report_problem(report, 0, false, "there is no garage; write garage { id = \"...\", spots = ..., doors = { ... } }");
    if (!configuration->storage.path[0])
        report_problem(report, 0, false, "there is no database; write storage { path = \"/var/lib/ostler/ostler.db\" }");
}

enum ost_status configuration_parse(const char *text, size_t length, const char *path, struct configuration **out,
                                    struct configuration_report *report)
{
    struct sandbox_limits limits = {.memory_bytes = 64 << 20, .cpu_ns = 1000000000};
    struct configuration_context context = {.length = length, .path = path, .report = report};
    struct sandbox_failure failure;
    struct sandbox *sandbox = NULL;
    enum ost_status status = OST_NO_MEMORY;

    memset(report, 0, sizeof(*report));
    snprintf(report->file, sizeof(report->file), "%s", path);
    context.configuration = configuration_create(text, length);
    if (!context.configuration || sandbox_create(&limits, &sandbox) != OST_OK)
        goto done;
    context.text = context.configuration->text;
    sandbox_set_host(sandbox, &context);
    if (!sandbox_call(sandbox, run_file, NULL, &failure) && (failure.breach != SANDBOX_ERROR || strcmp(failure.text, "reported") != 0))
        report_problem(report, failure.line, false, "%s", failure.text);
    else
        check_whole(&context);
    snprintf(report->storage_path, sizeof(report->storage_path), "%s", context.configuration->storage.path);
    if (!add_staff(context.configuration->site))
        goto done;
    status = report->errors > 0 ? OST_INVALID : OST_OK;
    if (status == OST_OK) {
        *out = context.configuration;
        context.configuration = NULL;
    }
done:
    sandbox_destroy(sandbox);
    configuration_free(context.configuration);
    return status;
}

enum ost_status configuration_read(const char *path, struct configuration **out, struct configuration_report *report)
{
    char *text = NULL;
    size_t length = 0;
    enum ost_status status = file_read(path, CONFIGURATION_BYTES_MAX, &text, &length);

    if (status == OST_OK) {
        status = configuration_parse(text, length, path, out, report);
        free(text);
        return status;
    }
    memset(report, 0, sizeof(*report));
    snprintf(report->file, sizeof(report->file), "%s", path);
    report_problem(report, 0, false, status == OST_NOT_FOUND ? "is not there; write it, or name another one with --config"
                                     : status == OST_TOO_LARGE ? "is longer than 256 KiB"
                                                               : "cannot be read; look at its permissions");
    return status;
}

const char *configuration_path(const char *option)
{
    const char *from_environment = getenv("OSTLER_CONFIG");

    return option ? option : from_environment && from_environment[0] ? from_environment : "/etc/ostler/garage.lua";
}
