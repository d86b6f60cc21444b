/*
 * The state folder: what serve keeps beside the database - the last good configuration, the command line's token and
 * the address that it listens on. The session desk adds the stops that the store could not take.
 *
 * It must be found when the configuration says nothing any more (a typo, an empty file), so serve leaves a pointer to it
 * beside the configuration: ".garage.lua.state" beside "garage.lua".
 */
#ifndef OSTLER_APP_STATE_H
#define OSTLER_APP_STATE_H

#include "runtime/app/configuration.h"

#define CLI_TOKEN_BYTES 64

/* $STATE_DIRECTORY (systemd), else the folder of the database. */
void state_folder(const struct configuration *configuration, char out[PATH_BYTES]);

/*
 * Keep a configuration that the runtime has started with as the last good one of its path, and the pointer to the folder.
 * OST_UNAVAILABLE: kept, but the pointer could not be written, and nothing else leads to the folder. Logged by the caller.
 */
enum ost_status state_keep_configuration(const char *folder, const char *path,
                                         const struct configuration *configuration) OST_MUST_CHECK;

/*
 * The last good configuration of a path whose file is broken (what its report still tells helps to find it), or whose
 * start failed. *out is the caller's to configuration_free(). OST_NOT_FOUND: there is none that is still good.
 */
enum ost_status state_last_good(const char *path, const char *storage_path, struct configuration **out) OST_MUST_CHECK;

enum ost_status state_write_cli(const char *folder, const char *token, const char *address) OST_MUST_CHECK;
/* Of this folder only. OST_NOT_FOUND: no runtime was ever started there. */
enum ost_status state_read_cli(const char *folder, char token[CLI_TOKEN_BYTES], char address[80]) OST_MUST_CHECK;
/*
 * What the runtime of a configuration left, wherever that is: a changed storage{} counts from the next start on only.
 * folder is where it was found, or the first place that was looked in. OST_NOT_FOUND: nowhere.
 */
enum ost_status state_find_cli(const char *path, const struct configuration *configuration, char token[CLI_TOKEN_BYTES],
                               char address[80], char folder[PATH_BYTES]) OST_MUST_CHECK;

#endif
