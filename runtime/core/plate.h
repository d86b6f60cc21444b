/*
 * Licence plates: how they are normalised, and the globs by which policies and lists speak of many.
 */
#ifndef OSTLER_CORE_PLATE_H
#define OSTLER_CORE_PLATE_H

#include <stdbool.h>

#include "runtime/base/status.h"
#include "runtime/core/limits.h"

/*
 * Unicode NFC, upper case (but `ß` stays), spaces, dots and hyphens dropped; then 1..12 characters, each A-Z, 0-9 or of
 * Unicode category L. OST_INVALID: anything else is left, nothing is left, or text is not UTF-8.
 */
enum ost_status plate_normalise(const char *text, char plate[PLATE_BYTES]) OST_MUST_CHECK;

/*
 * Does a normalised plate match a glob: `#` one digit, `?` any one character, `*` any run; hyphens, dots and spaces in the
 * glob do not count and letters match whatever their case. Time is linear in plate times glob.
 */
bool plate_matches(const char *plate, const char *glob);

/* Is the entry of a list a glob (holds `#`, `?` or `*`) rather than one plate? */
bool plate_is_glob(const char *text);

#endif
