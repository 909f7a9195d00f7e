#ifndef CMALLOCHOOK_H
#define CMALLOCHOOK_H

#include <stdint.h>

/// What the calling thread asked of the heap since it began. A program that links this target has its calls of malloc,
/// calloc, realloc, posix_memalign, aligned_alloc, memalign and free counted, those of shared libraries included.
struct cmallochook_counts {
    /// Blocks asked for; a realloc counts as one.
    uint64_t allocations;
    /// Bytes asked for.
    uint64_t bytes;
    /// Blocks given back.
    uint64_t frees;
};

struct cmallochook_counts cmallochook_read(void);

#endif
