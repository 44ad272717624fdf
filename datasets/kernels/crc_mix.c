/* Cyclic redundancy checks: eight bytes at a time through tables, four streams
 * in lockstep without tables, and a Fletcher-like sum. Exercises gathers of
 * table words by computed indices, xor trees, masks from bits and shifts. */
#include "kernel.h"

enum { BYTES = 512 };

#define POLYNOMIAL UINT32_C(0xedb88320)

static uint32_t table[8][256];

static void build_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1)));
        table[0][i] = crc;
    }
    for (int t = 1; t < 8; t++)
        for (int i = 0; i < 256; i++)
            table[t][i] = (table[t - 1][i] >> 8) ^ table[0][table[t - 1][i] & 255];
}

NOINLINE uint32_t slice8(uint32_t crc, const uint8_t in[8])
{
    uint32_t low, high;
    memcpy(&low, in, sizeof low);
    memcpy(&high, in + 4, sizeof high);
    low ^= crc;
    return table[7][low & 255] ^ table[6][low >> 8 & 255]
         ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
         ^ table[3][high & 255] ^ table[2][high >> 8 & 255]
         ^ table[1][high >> 16 & 255] ^ table[0][high >> 24];
}

/* One byte into each of four checks, bit by bit. */
NOINLINE void step4(uint32_t crc[restrict 4], const uint8_t in[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        uint32_t c = crc[i] ^ in[i];
        for (int bit = 0; bit < 8; bit++)
            c = (c >> 1) ^ (POLYNOMIAL & (0u - (c & 1)));
        crc[i] = c;
    }
}

NOINLINE void fletcher4(uint32_t sums[2], const uint16_t in[4])
{
    uint32_t a = sums[0], b = sums[1];
    b += 4 * a + 4u * in[0] + 3u * in[1] + 2u * in[2] + in[3];
    a += (uint32_t)in[0] + in[1] + in[2] + in[3];
    sums[0] = (a & 0xffff) + (a >> 16);
    sums[1] = (b & 0xffff) + (b >> 16);
}

int main(int argc, char **argv)
{
    static uint8_t data[BYTES];
    uint32_t crc = ~UINT32_C(0), lanes[4] = {1, 2, 3, 4}, sums[2] = {1, 1};
    uint64_t seed = 27;

    build_table();
    fill_bytes(&seed, data, sizeof data);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < BYTES; i += 8) {
            uint16_t halves[4];
            memcpy(halves, data + i, sizeof halves);
            crc = slice8(crc, data + i);
            step4(lanes, data + i);
            fletcher4(sums, halves);
        }

    uint64_t hash = checksum(CHECKSUM_START, &crc, sizeof crc);
    hash = checksum(hash, lanes, sizeof lanes);
    hash = checksum(hash, sums, sizeof sums);
    return report("crc_mix", hash);
}
