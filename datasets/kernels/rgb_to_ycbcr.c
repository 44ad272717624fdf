/* RGB to YCbCr and back in 16-bit fixed point, four pixels at a time, and to
 * planar luma by weighted sums. Exercises u8 loads in groups of 3, widening,
 * multiplications by constants per lane, clamps and narrowing stores. */
#include "kernel.h"

enum { PIXELS = 256 };

typedef struct { uint8_t r, g, b; } rgb;
typedef struct { uint8_t y, cb, cr; } ycc;

static inline uint8_t clamp_u8(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static inline ycc to_ycc(rgb p)
{
    int y = 19595 * p.r + 38470 * p.g + 7471 * p.b;
    int cb = -11059 * p.r - 21709 * p.g + 32768 * p.b;
    int cr = 32768 * p.r - 27439 * p.g - 5329 * p.b;
    return (ycc){(uint8_t)((y + 32768) >> 16),
                 (uint8_t)((cb + (128 << 16) + 32767) >> 16),
                 (uint8_t)((cr + (128 << 16) + 32767) >> 16)};
}

NOINLINE void encode4(ycc out[restrict 4], const rgb in[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = to_ycc(in[i]);
}

NOINLINE void decode(rgb *out, const ycc *in)
{
    int y = (in->y << 16) + 32768, cb = in->cb - 128, cr = in->cr - 128;
    out->r = clamp_u8((y + 91881 * cr) >> 16);
    out->g = clamp_u8((y - 22554 * cb - 46802 * cr) >> 16);
    out->b = clamp_u8((y + 116130 * cb) >> 16);
}

NOINLINE void luma8(uint8_t out[8], const rgb in[8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((77 * in[i].r + 150 * in[i].g + 29 * in[i].b + 128) >> 8);
}

int main(int argc, char **argv)
{
    static rgb in[PIXELS], back[PIXELS];
    static ycc coded[PIXELS];
    static uint8_t luma[PIXELS];
    uint64_t seed = 15;

    fill_bytes(&seed, in, sizeof in);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < PIXELS; i += 4)
            encode4(coded + i, in + i);
        for (int i = 0; i < PIXELS; i++)
            decode(&back[i], &coded[i]);
        for (int i = 0; i < PIXELS; i += 8)
            luma8(luma + i, back + i);
    }

    uint64_t hash = checksum(CHECKSUM_START, coded, sizeof coded);
    hash = checksum(hash, back, sizeof back);
    hash = checksum(hash, luma, sizeof luma);
    return report("rgb_to_ycbcr", hash);
}
