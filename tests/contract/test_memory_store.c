/* The store in memory against the contract of stores. */
#include "tests/contract/store_contract.h"
#include "tests/support/memory_store.h"

static struct store *make_memory(struct clock *clock, struct uuid_generator *ids)
{
    static const char *const garages[] = {"nassaukade", "oostpoort"};

    (void)ids; /* it makes no ids of its own */
    return memory_store_create(clock, garages, 2);
}

int main(void)
{
    const struct store_factory memory = {make_memory, NULL};

    return store_contract_run("memory", &memory);
}
