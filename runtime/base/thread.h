/* What the C library does not say about threads. */
#ifndef OSTLER_BASE_THREAD_H
#define OSTLER_BASE_THREAD_H

/*
 * Levels of nice(2) for the threads that all others wait for: a relay's timing first, then the one writer. A worker that
 * the writer wakes must not push it off the processor, or the next group starts late.
 */
#define THREAD_NICE_DOOR   (-15)
#define THREAD_NICE_WRITER (-10)

/*
 * Give the calling thread this nice level, where the system allows (RLIMIT_NICE, or CAP_SYS_NICE; see setpriority(2)); where
 * it does not, the thread runs as it did. Linux keeps the level by thread.
 */
void thread_set_nice(int nice);

#endif
