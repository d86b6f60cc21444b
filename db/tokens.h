/* The generation of device tokens, shared between processes by a mapped file beside the database. Private to db/. */
#ifndef OSTLER_DB_TOKENS_H
#define OSTLER_DB_TOKENS_H

#include <stdatomic.h>
#include <stdint.h>

/* NULL: the file cannot be made (logged). */
_Atomic uint64_t *token_generation_map(const char *database_path);
void token_generation_unmap(_Atomic uint64_t *generation); /* accepts NULL */

#endif
