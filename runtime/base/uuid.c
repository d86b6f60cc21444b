#include "runtime/base/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "runtime/base/log.h"

void uuid_generator_init(struct uuid_generator *generator)
{
    memset(generator, 0, sizeof(*generator));
    pthread_mutex_init(&generator->lock, NULL);
}

void uuid_generator_finish(struct uuid_generator *generator)
{
    pthread_mutex_destroy(&generator->lock);
}

void uuid_generator_raise(struct uuid_generator *generator, int64_t order)
{
    pthread_mutex_lock(&generator->lock);
    if ((uint64_t)order > generator->last_order)
        generator->last_order = (uint64_t)order;
    pthread_mutex_unlock(&generator->lock);
}

/* Refilled in bulk: a system call for each id would cost more than the id. Under the lock. */
static uint64_t take_random(struct uuid_generator *generator)
{
    if (generator->random_left == 0) {
        if (getrandom(generator->random_pool, sizeof(generator->random_pool), 0) !=
            (ssize_t)sizeof(generator->random_pool)) {
            log_error("uuid", "the system has no randomness");
            abort();
        }
        generator->random_left = sizeof(generator->random_pool) / sizeof(generator->random_pool[0]);
    }
    return generator->random_pool[--generator->random_left];
}

struct uuid uuid_make(struct uuid_generator *generator, int64_t wall_ms)
{
    uint64_t order = ((uint64_t)wall_ms & 0xffffffffffffu) << 12;
    uint64_t tail;

    pthread_mutex_lock(&generator->lock);
    if (order <= generator->last_order)
        order = generator->last_order + 1; /* carries into the millisecond where the counter overflows */
    generator->last_order = order;
    tail = take_random(generator);
    pthread_mutex_unlock(&generator->lock);
    return (struct uuid){
        .high = order >> 12 << 16 | 0x7000u | (order & 0xfffu),
        .low = (tail & 0x3fffffffffffffffu) | 0x8000000000000000u,
    };
}

int64_t uuid_order(struct uuid id)
{
    return (int64_t)(id.high >> 16 << 12 | (id.high & 0xfffu));
}

int64_t uuid_tail(struct uuid id)
{
    int64_t tail;

    memcpy(&tail, &id.low, sizeof(tail));
    return tail;
}

struct uuid uuid_from_order(int64_t order, int64_t tail)
{
    uint64_t bits = (uint64_t)order;
    struct uuid id = {.high = bits >> 12 << 16 | 0x7000u | (bits & 0xfffu)};

    memcpy(&id.low, &tail, sizeof(tail));
    return id;
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return a.high == b.high && a.low == b.low;
}

bool uuid_is_nil(struct uuid id)
{
    return id.high == 0 && id.low == 0;
}

static char *put_hex(char *text, uint64_t bits, int digits)
{
    static const char hex[] = "0123456789abcdef";

    for (int i = digits - 1; i >= 0; i--)
        *text++ = hex[bits >> (4 * i) & 15];
    return text;
}

void uuid_format(struct uuid id, char text[UUID_TEXT_BYTES])
{
    text = put_hex(text, id.high >> 32, 8);
    *text++ = '-';
    text = put_hex(text, id.high >> 16 & 0xffff, 4);
    *text++ = '-';
    text = put_hex(text, id.high & 0xffff, 4);
    *text++ = '-';
    text = put_hex(text, id.low >> 48, 4);
    *text++ = '-';
    text = put_hex(text, id.low & 0xffffffffffffu, 12);
    *text = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum ost_status uuid_parse(const char *text, struct uuid *out)
{
    uint64_t halves[2] = {0, 0};
    int digits = 0;
    int at;

    for (at = 0; text[at] && at < UUID_TEXT_BYTES - 1; at++) {
        bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
        int digit = hex_digit(text[at]);

        if (is_dash ? text[at] != '-' : digit < 0)
            return OST_INVALID;
        if (is_dash)
            continue;
        halves[digits / 16] = halves[digits / 16] << 4 | (unsigned)digit;
        digits++;
    }
    if (digits != 32 || text[at] || (halves[0] >> 12 & 15) != 7 || halves[1] >> 62 != 2)
        return OST_INVALID;
    *out = (struct uuid){halves[0], halves[1]};
    return OST_OK;
}
