/* A decision in one sentence: which rule decided. */
#ifndef OSTLER_CORE_DECISION_SUMMARY_H
#define OSTLER_CORE_DECISION_SUMMARY_H

#include "runtime/core/decision.h"

#define DECISION_SUMMARY_BYTES 512

/* From what is remembered of it: revisions, reasons and result are JSON, or "". Any thread. */
void decision_summary(enum policy_trigger trigger, enum decision_outcome outcome, const char *revisions, const char *reasons,
                      const char *result, char text[static DECISION_SUMMARY_BYTES]);

#endif
