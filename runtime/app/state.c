#include "runtime/app/state.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sha256.h"

#define DEFAULT_FOLDER "/var/lib/ostler"
#define PLACES 4

/* ---- where it is ---- */

static void folder_of(const char *path, char out[PATH_BYTES])
{
    char copy[PATH_BYTES];

    snprintf(copy, sizeof(copy), "%s", path);
    snprintf(out, PATH_BYTES, "%s", dirname(copy));
}

static bool folder_of_systemd(char out[PATH_BYTES])
{
    const char *folders = getenv("STATE_DIRECTORY"); /* several are parted by colons, systemd.exec(5) */

    snprintf(out, PATH_BYTES, "%.*s", folders ? (int)strcspn(folders, ":") : 0, folders ? folders : "");
    return out[0];
}

void state_folder(const struct configuration *configuration, char out[PATH_BYTES])
{
    if (!folder_of_systemd(out))
        folder_of(configuration->storage.path, out);
}

/*
 * The absolute path of a configuration. Its folder is resolved and the file is not: it may be gone, or a link that changes
 * with every update, as Kubernetes makes them.
 */
static void absolute_path(const char *path, char out[PATH_BYTES])
{
    char folder[PATH_BYTES], name[PATH_BYTES];
    char *whole;

    folder_of(path, folder);
    snprintf(name, sizeof(name), "%s", path);
    whole = realpath(folder, NULL);
    snprintf(out, PATH_BYTES, "%.700s/%.300s", whole ? whole : folder, basename(name));
    free(whole);
}

static void pointer_file(const char *path, char out[PATH_BYTES])
{
    char whole[PATH_BYTES];
    char *slash;

    absolute_path(path, whole);
    slash = strrchr(whole, '/');
    *slash = '\0';
    snprintf(out, PATH_BYTES, "%.700s/.%.300s.state", whole, slash + 1);
}

static enum ost_status read_small(const char *file, char *out, size_t bytes)
{
    char *text;
    size_t length;
    enum ost_status status = file_read(file, bytes - 1, &text, &length);

    if (status != OST_OK)
        return status;
    snprintf(out, bytes, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return OST_OK;
}

/* Where the state of a configuration can be, the surest first; empty ones are none. storage_path may be empty. */
static void list_places(const char *path, const char *storage_path, char places[PLACES][PATH_BYTES])
{
    char pointer[PATH_BYTES];

    memset(places, 0, PLACES * sizeof(places[0]));
    folder_of_systemd(places[0]);
    pointer_file(path, pointer);
    if (read_small(pointer, places[1], PATH_BYTES) != OST_OK)
        places[1][0] = '\0';
    if (storage_path[0])
        folder_of(storage_path, places[2]);
    snprintf(places[3], PATH_BYTES, DEFAULT_FOLDER);
}

/* ---- the last good configuration ---- */

/* Several configurations may share a folder: each path has a file of its own. */
static void last_good_file(const char *folder, const char *path, char out[PATH_BYTES])
{
    char whole[PATH_BYTES];
    struct sha256_piece piece;
    unsigned char digest[SHA256_BYTES];
    char text[SHA256_TEXT_BYTES];

    absolute_path(path, whole);
    piece = (struct sha256_piece){whole, strlen(whole)};
    sha256(&piece, 1, digest);
    sha256_format(digest, text);
    snprintf(out, PATH_BYTES, "%.900s/last-good-%.12s.lua", folder, text);
}

/* Every start comes here: what is there already is not written again, for the flash's sake. */
static enum ost_status keep(const char *file, const char *text, size_t length, unsigned mode)
{
    char *kept = NULL;
    size_t kept_length = 0;
    bool is_same = file_read(file, length, &kept, &kept_length) == OST_OK && kept_length == length &&
                   memcmp(kept, text, length) == 0;

    free(kept);
    return is_same ? OST_OK : file_replace(file, text, length, mode);
}

enum ost_status state_keep_configuration(const char *folder, const char *path, const struct configuration *configuration)
{
    char file[PATH_BYTES], systemd[PATH_BYTES];
    char *whole = realpath(folder, NULL);
    enum ost_status status;

    if (!whole)
        return OST_NOT_FOUND;
    last_good_file(whole, path, file);
    status = keep(file, configuration->text, configuration->text_length, 0640);
    if (status == OST_OK) {
        pointer_file(path, file);
        if (keep(file, whole, strlen(whole), 0644) != OST_OK && !folder_of_systemd(systemd) && strcmp(whole, DEFAULT_FOLDER) != 0)
            status = OST_UNAVAILABLE;
    }
    free(whole);
    return status;
}

enum ost_status state_last_good(const char *path, const char *storage_path, struct configuration **out)
{
    struct configuration_report *report = calloc(1, sizeof(*report));
    char places[PLACES][PATH_BYTES];
    enum ost_status status = OST_NOT_FOUND;

    if (!report)
        return OST_NO_MEMORY;
    list_places(path, storage_path, places);
    for (int i = 0; i < PLACES && status != OST_OK; i++) {
        char file[PATH_BYTES];
        char *text = NULL;
        size_t length = 0;

        last_good_file(places[i], path, file);
        if (!places[i][0] || file_read(file, CONFIGURATION_BYTES_MAX, &text, &length) != OST_OK)
            continue;
        /* Under the path of the broken one: what it names relatively lies where it always did. */
        status = configuration_parse(text, length, path, out, report);
        free(text);
    }
    free(report);
    return status == OST_OK ? OST_OK : OST_NOT_FOUND;
}

/* ---- the command line ---- */

enum ost_status state_write_cli(const char *folder, const char *token, const char *address)
{
    char file[PATH_BYTES];
    enum ost_status status;

    snprintf(file, sizeof(file), "%.1000s/cli.token", folder);
    status = file_replace(file, token, strlen(token), 0640);
    snprintf(file, sizeof(file), "%.1000s/cli.address", folder);
    return status == OST_OK ? file_replace(file, address, strlen(address), 0644) : status;
}

enum ost_status state_read_cli(const char *folder, char token[CLI_TOKEN_BYTES], char address[80])
{
    char file[PATH_BYTES];
    enum ost_status status;

    snprintf(file, sizeof(file), "%.1000s/cli.token", folder);
    status = read_small(file, token, CLI_TOKEN_BYTES);
    snprintf(file, sizeof(file), "%.1000s/cli.address", folder);
    return status == OST_OK ? read_small(file, address, 80) : status;
}

enum ost_status state_find_cli(const char *path, const struct configuration *configuration, char token[CLI_TOKEN_BYTES],
                               char address[80], char folder[PATH_BYTES])
{
    char places[PLACES][PATH_BYTES];
    enum ost_status status;

    state_folder(configuration, folder);
    status = state_read_cli(folder, token, address);
    list_places(path, configuration->storage.path, places);
    for (int i = 0; i < PLACES && status == OST_NOT_FOUND; i++) {
        if (places[i][0])
            status = state_read_cli(places[i], token, address);
        if (places[i][0] && status != OST_NOT_FOUND)
            snprintf(folder, PATH_BYTES, "%s", places[i]);
    }
    return status;
}
