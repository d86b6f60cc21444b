#include "runtime/base/suggest.h"

#include <string.h>
#include <strings.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements and swapped neighbours count one each. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *before = rows[(i - 1) % 3];
        const unsigned *earlier = rows[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned replace = before[j - 1] + (a[i - 1] != b[j - 1]);

            now[j] = least(replace, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *suggest(const char *written, const char *const *words)
{
    const char *nearest = NULL;
    unsigned nearest_distance = WORD_MAX;
    size_t length = strlen(written);

    if (length == 0 || length > WORD_MAX)
        return NULL;
    for (; *words; words++) {
        size_t word_length = strlen(*words);
        unsigned differs;

        if (word_length > WORD_MAX)
            continue;
        differs = strcasecmp(written, *words) == 0 ? 0 : distance(written, length, *words, word_length);
        if (differs < nearest_distance && differs * 3 <= (word_length > 3 ? word_length : 3)) {
            nearest = *words;
            nearest_distance = differs;
        }
    }
    return nearest;
}
