/* Small transposes: 4x4 float out of place, 4x4 u32 in place, 8x8 u16, and an
 * array of structures turned into a structure of arrays. Exercises packs that
 * are nothing but loads, shuffles and stores. */
#include "kernel.h"

enum { COUNT = 48 };

typedef struct { float x, y, z, w; } point;

NOINLINE void transpose_4x4(float out[restrict 16], const float in[restrict 16])
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            out[4 * j + i] = in[4 * i + j];
}

NOINLINE void transpose_in_place(uint32_t m[16])
{
    for (int i = 0; i < 4; i++)
        for (int j = i + 1; j < 4; j++) {
            uint32_t t = m[4 * i + j];
            m[4 * i + j] = m[4 * j + i];
            m[4 * j + i] = t;
        }
}

NOINLINE void transpose_8x8(uint16_t *restrict out, const uint16_t *restrict in)
{
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            out[8 * j + i] = in[8 * i + j];
}

/* Four points become four coordinates of each kind, scaled on the way. */
NOINLINE void split_points(float *restrict x, float *restrict y, float *restrict z,
                           const point in[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        x[i] = in[i].x * in[i].w;
        y[i] = in[i].y * in[i].w;
        z[i] = in[i].z * in[i].w;
    }
}

int main(int argc, char **argv)
{
    static float a[COUNT][16], at[COUNT][16], x[COUNT], y[COUNT], z[COUNT];
    static uint32_t b[COUNT][16];
    static uint16_t c[COUNT][64], ct[COUNT][64];
    static point points[COUNT];
    uint64_t seed = 7;

    fill_float(&seed, a, sizeof a, -1.0, 1.0);
    fill_float(&seed, points, sizeof points, -1.0, 1.0);
    fill_bytes(&seed, b, sizeof b);
    fill_bytes(&seed, c, sizeof c);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < COUNT; i++) {
            transpose_4x4(at[i], a[i]);
            transpose_in_place(b[i]);
            b[i][1] += 1;
            transpose_8x8(ct[i], c[i]);
        }
        for (int i = 0; i < COUNT; i += 4)
            split_points(x + i, y + i, z + i, points + i);
    }

    uint64_t hash = checksum(CHECKSUM_START, at, sizeof at);
    hash = checksum(hash, b, sizeof b);
    hash = checksum(hash, ct, sizeof ct);
    hash = checksum(hash, x, sizeof x);
    hash = checksum(hash, y, sizeof y);
    hash = checksum(hash, z, sizeof z);
    return report("transpose", hash);
}
