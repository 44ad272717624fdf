/* SipHash-like keyed hashing of short messages, one at a time and two in
 * lockstep. Exercises i64 add, rotate and xor whose four words are no lanes of
 * each other, against two independent states which are. */
#include "kernel.h"

enum { COUNT = 64 };

typedef struct { uint64_t v0, v1, v2, v3; } sip;
typedef struct { uint64_t v0[2], v1[2], v2[2], v3[2]; } sip_pair;

static inline uint64_t rotate(uint64_t v, int by)
{
    return v << by | v >> (64 - by);
}

static inline sip sip_round(sip s)
{
    s.v0 += s.v1;
    s.v2 += s.v3;
    s.v1 = rotate(s.v1, 13) ^ s.v0;
    s.v3 = rotate(s.v3, 16) ^ s.v2;
    s.v0 = rotate(s.v0, 32);
    s.v2 += s.v1;
    s.v0 += s.v3;
    s.v1 = rotate(s.v1, 17) ^ s.v2;
    s.v3 = rotate(s.v3, 21) ^ s.v0;
    s.v2 = rotate(s.v2, 32);
    return s;
}

/* A message of two words, and its length. */
NOINLINE uint64_t hash16(const uint64_t key[2], const uint64_t message[2])
{
    sip s = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
             key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    const uint64_t words[3] = {message[0], message[1], UINT64_C(16) << 56};

    for (int i = 0; i < 3; i++) {
        s.v3 ^= words[i];
        s = sip_round(sip_round(s));
        s.v0 ^= words[i];
    }
    s.v2 ^= 0xff;
    s = sip_round(sip_round(sip_round(s)));
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Two messages advance by one word each. */
NOINLINE void absorb_pair(sip_pair *restrict s, const uint64_t words[restrict 2])
{
    for (int i = 0; i < 2; i++) {
        sip t = {s->v0[i], s->v1[i], s->v2[i], s->v3[i] ^ words[i]};
        t = sip_round(t);
        s->v0[i] = t.v0 ^ words[i];
        s->v1[i] = t.v1;
        s->v2[i] = t.v2;
        s->v3[i] = t.v3;
    }
}

int main(int argc, char **argv)
{
    static uint64_t messages[COUNT][2], hashes[COUNT];
    uint64_t key[2];
    sip_pair pair;
    uint64_t seed = 26;

    fill_bytes(&seed, key, sizeof key);
    fill_bytes(&seed, messages, sizeof messages);
    fill_bytes(&seed, &pair, sizeof pair);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            hashes[i] = hash16(key, messages[i]);
            absorb_pair(&pair, messages[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, hashes, sizeof hashes);
    hash = checksum(hash, &pair, sizeof pair);
    return report("siphash", hash);
}
