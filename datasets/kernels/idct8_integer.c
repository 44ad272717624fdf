/* Fixed-point inverse DCT of 8x8 blocks of 16-bit coefficients, added to 8-bit
 * pixels and clamped. Exercises i16 to i32 casts, multiplications by constants,
 * add/sub butterflies, shifts, min/max clamps and narrowing stores. */
#include "kernel.h"

enum { BLOCKS = 6, SHIFT = 11 };

/* 2048 * sqrt(2) * cos(k * pi / 16). */
enum { W1 = 2841, W2 = 2676, W3 = 2408, W5 = 1609, W6 = 1108, W7 = 565 };

static inline uint8_t clamp_u8(int32_t v)
{
    v = v < 0 ? 0 : v;
    return (uint8_t)(v > 255 ? 255 : v);
}

/* One line of eight; even and odd coefficients meet in the last butterflies. */
static inline void line(int32_t out[8], const int32_t in[8], int32_t bias)
{
    int32_t p = (in[0] + in[4]) * (1 << SHIFT) + bias;
    int32_t q = (in[0] - in[4]) * (1 << SHIFT) + bias;
    int32_t r = in[2] * W2 + in[6] * W6, s = in[2] * W6 - in[6] * W2;
    int32_t e0 = p + r, e1 = q + s, e2 = q - s, e3 = p - r;
    int32_t o0 = in[1] * W1 + in[3] * W3 + in[5] * W5 + in[7] * W7;
    int32_t o1 = in[1] * W3 - in[3] * W7 - in[5] * W1 - in[7] * W5;
    int32_t o2 = in[1] * W5 - in[3] * W1 + in[5] * W7 + in[7] * W3;
    int32_t o3 = in[1] * W7 - in[3] * W5 + in[5] * W3 - in[7] * W1;

    out[0] = e0 + o0;
    out[1] = e1 + o1;
    out[2] = e2 + o2;
    out[3] = e3 + o3;
    out[4] = e3 - o3;
    out[5] = e2 - o2;
    out[6] = e1 - o1;
    out[7] = e0 - o0;
}

NOINLINE void row_pass(int32_t *restrict out, const int16_t *restrict in)
{
    int32_t v[8], w[8];
    for (int i = 0; i < 8; i++)
        v[i] = in[i];
    line(w, v, 1 << 7);
    for (int i = 0; i < 8; i++)
        out[i] = w[i] >> 8;
}

NOINLINE void column_add(uint8_t *pixels, const int32_t *in)
{
    int32_t v[8], w[8];
    for (int i = 0; i < 8; i++)
        v[i] = in[8 * i];
    line(w, v, 1 << 16);
    for (int i = 0; i < 8; i++)
        pixels[8 * i] = clamp_u8(pixels[8 * i] + (w[i] >> 17));
}

int main(int argc, char **argv)
{
    static int16_t coefficients[BLOCKS][64];
    static uint8_t pixels[BLOCKS][64];
    int32_t rows[64];
    uint64_t seed = 9;

    fill_bytes(&seed, pixels, sizeof pixels);
    for (int b = 0; b < BLOCKS; b++)
        for (int i = 0; i < 64; i++)
            coefficients[b][i] = (int16_t)(next_u32(&seed) % 255) - 127;

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int b = 0; b < BLOCKS; b++) {
            for (int i = 0; i < 8; i++)
                row_pass(rows + 8 * i, coefficients[b] + 8 * i);
            for (int j = 0; j < 8; j++)
                column_add(pixels[b] + j, rows + j);
            coefficients[b][r % 64] ^= 1;
        }

    return report("idct8_integer", checksum(CHECKSUM_START, pixels, sizeof pixels));
}
