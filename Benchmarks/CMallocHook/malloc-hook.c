// The heap functions of the C library, counted. An executable's own definitions come before those of its libraries, so
// linking this file is enough. The work is done by glibc's own functions under their second names.
//
// The counters belong to the thread: what a background thread allocates does not disturb a measurement.

#include "CMallocHook.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

// initial-exec: reading the counters must not allocate, as a lazily made thread-local block would.
static _Thread_local struct cmallochook_counts counts __attribute__((tls_model("initial-exec")));

static void count(size_t size) {
    counts.allocations += 1;
    counts.bytes += size;
}

struct cmallochook_counts cmallochook_read(void) { return counts; }

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    count(size);
    void *made = __libc_memalign(alignment, size);
    if (made == NULL) return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block) {
    if (block != NULL) counts.frees += 1;
    __libc_free(block);
}
