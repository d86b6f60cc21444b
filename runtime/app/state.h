/*
 * The state folder: what serve keeps beside the database - the last good configuration, the command line's token and
 * the address that it listens on. The session desk adds the stops that the store could not take.
 */
#ifndef OSTLER_APP_STATE_H
#define OSTLER_APP_STATE_H

#include "runtime/app/configuration.h"

#define CLI_TOKEN_BYTES 64

/* $STATE_DIRECTORY (systemd), else the folder of the database, else /var/lib/ostler where there is no configuration. */
void state_folder(const struct configuration *configuration, char out[PATH_BYTES]);

/* Keep a configuration's text as the last good one of its path. A fault is logged by the caller. */
enum ost_status state_keep_configuration(const char *folder, const char *path, const char *text, size_t length) OST_MUST_CHECK;
/* The kept text's file. */
void state_configuration_file(const char *folder, const char *path, char out[PATH_BYTES]);

enum ost_status state_write_cli(const char *folder, const char *token, const char *address) OST_MUST_CHECK;
/* OST_NOT_FOUND: no runtime was ever started there. */
enum ost_status state_read_cli(const char *folder, char token[CLI_TOKEN_BYTES], char address[80]) OST_MUST_CHECK;

#endif
