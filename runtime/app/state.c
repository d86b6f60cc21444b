#include "runtime/app/state.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sha256.h"

void state_folder(const struct configuration *configuration, char out[PATH_BYTES])
{
    const char *from_systemd = getenv("STATE_DIRECTORY");
    char path[PATH_BYTES];

    if (from_systemd && from_systemd[0]) {
        snprintf(out, PATH_BYTES, "%.*s", (int)strcspn(from_systemd, ":"), from_systemd);
    } else if (configuration) {
        snprintf(path, sizeof(path), "%s", configuration->storage.path);
        snprintf(out, PATH_BYTES, "%s", dirname(path));
    } else {
        snprintf(out, PATH_BYTES, "/var/lib/ostler");
    }
}

/* Several configurations may share a folder: each path has a file of its own. */
void state_configuration_file(const char *folder, const char *path, char out[PATH_BYTES])
{
    char resolved[PATH_MAX];
    const char *whole = realpath(path, resolved) ? resolved : path;
    struct sha256_piece piece = {whole, strlen(whole)};
    unsigned char digest[SHA256_BYTES];
    char text[SHA256_TEXT_BYTES];

    sha256(&piece, 1, digest);
    sha256_format(digest, text);
    snprintf(out, PATH_BYTES, "%.900s/last-good-%.12s.lua", folder, text);
}

enum ost_status state_keep_configuration(const char *folder, const char *path, const char *text, size_t length)
{
    char file[PATH_BYTES];

    state_configuration_file(folder, path, file);
    return file_replace(file, text, length, 0640);
}

enum ost_status state_write_cli(const char *folder, const char *token, const char *address)
{
    char file[PATH_BYTES];
    enum ost_status status;

    snprintf(file, sizeof(file), "%.1000s/cli.token", folder);
    status = file_replace(file, token, strlen(token), 0640);
    snprintf(file, sizeof(file), "%.1000s/cli.address", folder);
    return status == OST_OK ? file_replace(file, address, strlen(address), 0644) : status;
}

static enum ost_status read_small(const char *folder, const char *name, char *out, size_t bytes)
{
    char file[PATH_BYTES];
    char *text;
    size_t length;
    enum ost_status status;

    snprintf(file, sizeof(file), "%.1000s/%s", folder, name);
    status = file_read(file, bytes - 1, &text, &length);
    if (status != OST_OK)
        return status;
    snprintf(out, bytes, "%s", text);
    free(text);
    return OST_OK;
}

enum ost_status state_read_cli(const char *folder, char token[CLI_TOKEN_BYTES], char address[80])
{
    enum ost_status status = read_small(folder, "cli.token", token, CLI_TOKEN_BYTES);

    return status == OST_OK ? read_small(folder, "cli.address", address, 80) : status;
}
