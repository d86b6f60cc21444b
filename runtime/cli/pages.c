/* Lists that come in pages: all of them, as if they were one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cli/cli.h"

struct collected {
    char *text; /* the items of all pages as JSON, with commas between */
    size_t length;
};

/* The page's items as they were sent: the runtime writes {"items":[...],"nextCursor":...}. */
static bool collect(struct collected *all, const struct answer *answer)
{
    static const char before[] = "{\"items\":[", behind[] = "],\"nextCursor\":";
    const char *from = answer->body + sizeof(before) - 1;
    const char *end = NULL;
    char *grown;
    size_t length;

    if (strncmp(answer->body, before, sizeof(before) - 1) != 0)
        return false;
    for (const char *at = from - 1; (at = strstr(at + 1, behind)); end = at)
        ; /* the last one: an item may look like the end */
    if (!end)
        return false;
    length = (size_t)(end - from);
    grown = realloc(all->text, all->length + length + 2);
    if (!grown)
        return false;
    all->text = grown;
    if (all->length > 0 && length > 0)
        all->text[all->length++] = ',';
    memcpy(all->text + all->length, from, length);
    all->length += length;
    return true;
}

int cli_pages(struct cli *cli, const char *path, void (*print)(const struct json_value *item))
{
    struct collected all = {.text = NULL};
    char cursor[1600] = "";
    int code;

    do {
        struct answer answer;
        char page[2048];
        const char *next = NULL;

        snprintf(page, sizeof(page), "%.400s%slimit=200%s%s", path, strchr(path, '?') ? "&" : "?", cursor[0] ? "&cursor=" : "", cursor);
        cursor[0] = '\0';
        code = cli_call(cli, "GET", page, NULL, &answer);
        if (code == EXIT_DONE)
            code = cli_judge(&answer, "");
        if (code == EXIT_DONE) {
            const struct json_value *items = answer.document ? json_member(json_root(answer.document), "items") : NULL;

            next = answer.document ? json_as_string(json_member(json_root(answer.document), "nextCursor"), NULL) : NULL;
            if (cli->json && !collect(&all, &answer))
                code = cli_fail(EXIT_REFUSED, "the runtime's answer is no list; are both of the same version?");
            for (size_t i = 0; !cli->json && i < json_length(items); i++)
                print(json_element(items, i));
            cli_encode(next ? next : "", cursor, sizeof(cursor));
        }
        cli_answer_free(&answer);
    } while (code == EXIT_DONE && cursor[0]);
    if (code == EXIT_DONE && cli->json) /* only a whole list is a list */
        printf("{\"items\":[%.*s],\"nextCursor\":null}\n", (int)all.length, all.text ? all.text : "");
    free(all.text);
    return code;
}
