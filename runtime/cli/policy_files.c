#include "runtime/cli/policy_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/policy/lua_host.h"

#define FILE_BYTES_MAX (256 * 1024)

/* NULL: errno says why, or 0 where it is too long to be a policy's. */
static char *read_text(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = file ? malloc(FILE_BYTES_MAX + 1) : NULL;

    *length = 0;
    if (bytes) {
        *length = fread(bytes, 1, FILE_BYTES_MAX + 1, file);
        errno = ferror(file) ? EIO : 0;
        if (ferror(file) || *length > FILE_BYTES_MAX) {
            free(bytes);
            bytes = NULL;
        } else {
            bytes[*length] = '\0';
        }
    }
    if (file)
        fclose(file);
    return bytes;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

bool policy_file_read(const char *path, const char *spec_path, struct policy_file *out)
{
    const char *slash = strrchr(path, '/');

    memset(out, 0, sizeof(*out));
    if (strlen(path) >= sizeof(out->path) || !ends_with(path, ".lua")) {
        cli_fail(EXIT_USAGE, "%.200s: a policy is a file that ends in .lua", path);
        return false;
    }
    strcpy(out->path, path);
    snprintf(out->name, sizeof(out->name), "%s", slash ? slash + 1 : path);
    out->source = read_text(path, &out->source_length);
    if (!out->source) {
        cli_fail(EXIT_REFUSED, "cannot read %s: %s", path, errno ? strerror(errno) : "it is too long for a policy");
        return false;
    }
    if (spec_path)
        snprintf(out->spec_path, sizeof(out->spec_path), "%.1000s", spec_path);
    else
        snprintf(out->spec_path, sizeof(out->spec_path), "%.*s_spec.lua", (int)(strlen(path) - 4), path);
    out->spec = read_text(out->spec_path, &out->spec_length);
    if (!out->spec && (spec_path || errno != ENOENT)) {
        cli_fail(EXIT_REFUSED, "cannot read %s: %s", out->spec_path, errno ? strerror(errno) : "it is too long for a spec");
        policy_file_free(out);
        return false;
    }
    return true;
}

void policy_file_free(struct policy_file *file)
{
    free(file->source);
    free(file->spec);
    file->source = file->spec = NULL;
}

struct policy_host *policy_files_host(void)
{
    struct lua_policy_host_settings settings = {.instances = 2};
    struct policy_host *host;

    return lua_policy_host_create(&settings, &host) == OST_OK ? host : NULL;
}

static void say(const char *path, const char *source, int line, const char *severity, const char *text)
{
    const char *at = source;

    if (line <= 0) {
        fprintf(stderr, "%s: %s: %s\n", path, severity, text);
        return;
    }
    fprintf(stderr, "%s:%d: %s: %s\n", path, line, severity, text);
    for (int i = 1; at && i < line; i++) {
        at = strchr(at, '\n');
        at += at != NULL;
    }
    if (at && *at)
        fprintf(stderr, "%5d | %.*s\n", line, (int)strcspn(at, "\r\n"), at);
}

void policy_file_complain(const char *path, const char *source, int line, const char *text)
{
    say(path, source, line, "error", text);
}

bool policy_file_check(struct policy_host *host, const struct policy_file *file, struct policy_facts *facts)
{
    struct policy_source source = {.text = file->source, .length = file->source_length};
    struct policy_problem problems[32];
    struct policy_setting form[1];
    struct policy_facts found;
    size_t form_count, count = 0;
    enum ost_status status;

    snprintf(source.file, sizeof(source.file), "%s", file->name);
    status = host->ops->check(host, &source, &found, form, 0, &form_count, problems, 32, &count);
    for (size_t i = 0; i < count && i < 32; i++)
        say(file->path, file->source, problems[i].line, status == OST_OK ? "warning" : "error", problems[i].text);
    if (status != OST_OK && status != OST_INVALID)
        cli_fail(EXIT_REFUSED, "there is no memory to load it");
    if (facts)
        *facts = found;
    return status == OST_OK;
}
