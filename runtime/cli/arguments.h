/*
 * Arguments by their description. A description is what people read in the help, "DOOR --reason TEXT [--door DOOR]", and
 * the only place that says which arguments there are: checking, help, completion and the manual all go by it.
 *
 * Operands in capitals come first, then options; what is in brackets may be left out, what has dots behind it may come more
 * than once. An option that is not in brackets takes a value; one in brackets where a value is named.
 */
#ifndef OSTLER_CLI_ARGUMENTS_H
#define OSTLER_CLI_ARGUMENTS_H

#include "runtime/cli/cli.h"

/* One word of a description; texts are borrowed from it. */
struct argument {
    const char *name;
    size_t length;
    const char *value; /* of an option; NULL: it takes none, or this is an operand */
    size_t value_length;
    bool is_option, is_optional, repeats;
};

/* The argument at *description, which moves behind it. False: there are no more. */
bool argument_next(const char **description, struct argument *out);

/*
 * Sort what was written into cli->arguments (operands) and cli->options. EXIT_USAGE: it does not fit (one line was printed).
 */
int arguments_sort(struct cli *cli, const struct command *command, const struct verb *verb);

#endif
