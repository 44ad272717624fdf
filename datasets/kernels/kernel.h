/* What every kernel program shares: a small generator for inputs, a checksum
 * of result bytes, and the repeat count of the command line.
 * Random floating-point values are small multiples of a power of two when the
 * bounds are, so that inputs do not depend on how products are rounded. */
#ifndef KERNEL_H
#define KERNEL_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hot functions stand alone in the IR: never inlined, externally visible. */
#define NOINLINE __attribute__((noinline))

enum { DEFAULT_REPEATS = 12 };

#define CHECKSUM_START UINT64_C(0xcbf29ce484222325)

static inline uint32_t next_u32(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) ^ (uint32_t)(*state >> 13);
}

/* One of 65536 evenly spaced values from low up to, not including, high. */
static inline double next_double(uint64_t *state, double low, double high)
{
    return low + (high - low) * ((double)(next_u32(state) >> 16) / 65536.0);
}

/* The arrays may hold structures, as long as every member is of the type. */
static inline void fill_double(uint64_t *state, void *to, size_t bytes, double low, double high)
{
    double *out = to;
    for (size_t i = 0; i < bytes / sizeof *out; i++)
        out[i] = next_double(state, low, high);
}

static inline void fill_float(uint64_t *state, void *to, size_t bytes, double low, double high)
{
    float *out = to;
    for (size_t i = 0; i < bytes / sizeof *out; i++)
        out[i] = (float)next_double(state, low, high);
}

static inline void fill_bytes(uint64_t *state, void *to, size_t bytes)
{
    unsigned char *out = to;
    for (size_t i = 0; i < bytes; i++)
        out[i] = (unsigned char)(next_u32(state) >> 8);
}

/* FNV-1a over words of eight bytes, the last one padded with zeros. */
static inline uint64_t checksum(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *from = data;
    while (bytes > 0) {
        uint64_t word = 0;
        size_t step = bytes < sizeof word ? bytes : sizeof word;
        memcpy(&word, from, step);
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32;
        from += step;
        bytes -= step;
    }
    return hash;
}

static inline unsigned long repeat_count(int argc, char **argv)
{
    return argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_REPEATS;
}

static inline int report(const char *name, uint64_t hash)
{
    return printf("%s: %016" PRIx64 "\n", name, hash) < 0;
}

#endif
