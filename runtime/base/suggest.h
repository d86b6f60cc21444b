/* "Did you mean ...?": the nearest of some known words. */
#ifndef OSTLER_BASE_SUGGEST_H
#define OSTLER_BASE_SUGGEST_H

/*
 * The word of a NULL-ended list that is nearest to what was written, by edit distance with transpositions; NULL where none is
 * near enough to be meant (more than a third of its letters differ). Borrowed from the list. Any thread.
 */
const char *suggest(const char *written, const char *const *words);

#endif
