#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/app/configuration.h"

enum ost_status file_read(const char *path, size_t most, char **out, size_t *length)
{
    enum ost_status status = OST_IO;
    char *bytes = NULL;
    size_t have;
    FILE *file = fopen(path, "rb");

    if (!file)
        return errno == ENOENT ? OST_NOT_FOUND : OST_IO;
    bytes = malloc(most + 2); /* one more, to notice a longer file, and the NUL */
    if (!bytes) {
        status = OST_NO_MEMORY;
        goto done;
    }
    have = fread(bytes, 1, most + 1, file);
    if (ferror(file))
        goto done;
    if (have > most) {
        status = OST_TOO_LARGE;
        goto done;
    }
    bytes[have] = '\0';
    *length = have;
    *out = bytes;
    bytes = NULL; /* now the caller's */
    status = OST_OK;
done:
    free(bytes);
    fclose(file);
    return status;
}

static enum ost_status write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);

        if (written < 0 && errno != EINTR)
            return errno == ENOSPC ? OST_NO_SPACE : OST_IO;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return fsync(file) == 0 ? OST_OK : OST_IO;
}

/* The rename itself is on disk once its folder is. */
static enum ost_status sync_folder_of(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int file;
    int error;

    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    file = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return OST_IO;
    error = fsync(file);
    close(file);
    return error == 0 ? OST_OK : OST_IO;
}

enum ost_status file_replace(const char *path, const char *bytes, size_t length, unsigned mode)
{
    char beside[PATH_BYTES + 8];
    enum ost_status status;
    int file;

    snprintf(beside, sizeof(beside), "%s.new", path);
    file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (file < 0)
        return errno == ENOSPC ? OST_NO_SPACE : OST_IO;
    status = fchmod(file, mode) == 0 ? write_all(file, bytes, length) : OST_IO;
    close(file);
    if (status == OST_OK && rename(beside, path) != 0)
        status = OST_IO;
    if (status != OST_OK) {
        unlink(beside);
        return status;
    }
    return sync_folder_of(path);
}
