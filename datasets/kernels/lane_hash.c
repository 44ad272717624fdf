/* Fast non-cryptographic hashing: four 32-bit lanes of multiply, rotate and
 * multiply over stripes of 16 bytes, a 64-bit variant and the final avalanche.
 * Exercises integer multiplication, rotates, and lanes merged by unlike ops. */
#include "kernel.h"

enum { STRIPES = 64 };

#define P1 UINT32_C(0x9e3779b1)
#define P2 UINT32_C(0x85ebca77)
#define P3 UINT32_C(0xc2b2ae3d)
#define Q1 UINT64_C(0x9e3779b185ebca87)
#define Q2 UINT64_C(0xc2b2ae3d27d4eb4f)

static inline uint32_t rotate32(uint32_t v, int by)
{
    return v << by | v >> (32 - by);
}

static inline uint64_t rotate64(uint64_t v, int by)
{
    return v << by | v >> (64 - by);
}

NOINLINE void stripe32(uint32_t lanes[4], const uint32_t in[4])
{
    uint32_t a = lanes[0] + in[0] * P2, b = lanes[1] + in[1] * P2;
    uint32_t c = lanes[2] + in[2] * P2, d = lanes[3] + in[3] * P2;
    lanes[0] = rotate32(a, 13) * P1;
    lanes[1] = rotate32(b, 13) * P1;
    lanes[2] = rotate32(c, 13) * P1;
    lanes[3] = rotate32(d, 13) * P1;
}

NOINLINE uint32_t merge32(const uint32_t lanes[4])
{
    uint32_t h = rotate32(lanes[0], 1) + rotate32(lanes[1], 7)
               + rotate32(lanes[2], 12) + rotate32(lanes[3], 18);
    h = (h ^ (h >> 15)) * P2;
    h = (h ^ (h >> 13)) * P3;
    return h ^ (h >> 16);
}

/* Two 64-bit lanes; each product of halves also feeds the other lane. */
NOINLINE void stripe64(uint64_t lanes[restrict 2], const uint64_t in[restrict 2],
                       const uint64_t secret[restrict 2])
{
    uint64_t m0 = in[0] ^ secret[0], m1 = in[1] ^ secret[1];
    lanes[0] += in[1] + (m0 & 0xffffffff) * (m0 >> 32);
    lanes[1] += in[0] + (m1 & 0xffffffff) * (m1 >> 32);
}

NOINLINE void avalanche4(uint64_t v[4])
{
    for (int i = 0; i < 4; i++) {
        uint64_t h = v[i];
        h ^= rotate64(h, 25) ^ rotate64(h, 50);
        h *= Q1;
        h ^= h >> 47;
        h *= Q2;
        v[i] = h ^ (h >> 32);
    }
}

int main(int argc, char **argv)
{
    static uint32_t in32[STRIPES][4];
    static uint64_t in64[STRIPES][2];
    static const uint64_t secret[2] = {Q2, Q1};
    uint32_t lanes[4] = {P1 + P2, P2, 0, UINT32_C(0) - P1};
    uint64_t wide[2] = {Q1, Q2}, mixed[4] = {1, 2, 3, 4};
    uint64_t seed = 23;

    fill_bytes(&seed, in32, sizeof in32);
    fill_bytes(&seed, in64, sizeof in64);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < STRIPES; i++) {
            stripe32(lanes, in32[i]);
            stripe64(wide, in64[i], secret);
            mixed[i & 3] ^= wide[0] + wide[1] + merge32(lanes);
            avalanche4(mixed);
        }

    uint64_t hash = checksum(CHECKSUM_START, lanes, sizeof lanes);
    hash = checksum(hash, wide, sizeof wide);
    hash = checksum(hash, mixed, sizeof mixed);
    return report("lane_hash", hash);
}
