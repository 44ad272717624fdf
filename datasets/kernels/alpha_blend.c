/* Blending of 8-bit RGBA pixels: source over destination with a rounded
 * division by 255, premultiplication, saturating add and subtract. Exercises
 * u8 to u16 casts, a splatted alpha, three lanes plus one odd, min and max. */
#include "kernel.h"

enum { PIXELS = 256 };

typedef struct { uint8_t r, g, b, a; } rgba;

/* Rounded v / 255 for v up to 255 * 255. */
static inline uint8_t divide_255(unsigned v)
{
    v += 128;
    return (uint8_t)((v + (v >> 8)) >> 8);
}

NOINLINE void over(rgba *restrict below, const rgba *restrict above)
{
    unsigned keep = 255u - above->a;
    below->r = (uint8_t)(above->r + divide_255(below->r * keep));
    below->g = (uint8_t)(above->g + divide_255(below->g * keep));
    below->b = (uint8_t)(above->b + divide_255(below->b * keep));
    below->a = (uint8_t)(above->a + divide_255(below->a * keep));
}

NOINLINE void premultiply2(rgba out[2], const rgba in[2])
{
    for (int i = 0; i < 2; i++) {
        rgba p = in[i];
        out[i].r = divide_255((unsigned)p.r * p.a);
        out[i].g = divide_255((unsigned)p.g * p.a);
        out[i].b = divide_255((unsigned)p.b * p.a);
        out[i].a = p.a;
    }
}

NOINLINE void add_saturate16(uint8_t *restrict out, const uint8_t *restrict a,
                             const uint8_t *restrict b)
{
    for (int i = 0; i < 16; i++) {
        int sum = a[i] + b[i];
        out[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}

NOINLINE void subtract_saturate8(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    uint8_t t[8];
    for (int i = 0; i < 8; i++)
        t[i] = (uint8_t)(a[i] > b[i] ? a[i] - b[i] : 0);
    memcpy(out, t, sizeof t);
}

int main(int argc, char **argv)
{
    static rgba source[PIXELS], above[PIXELS], below[PIXELS], sum[PIXELS];
    uint64_t seed = 16;

    fill_bytes(&seed, source, sizeof source);
    fill_bytes(&seed, below, sizeof below);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < PIXELS; i += 2)
            premultiply2(above + i, source + i);
        for (int i = 0; i < PIXELS; i++)
            over(&below[i], &above[(i + r) % PIXELS]);
        for (int i = 0; i < PIXELS; i += 4)
            add_saturate16((uint8_t *)(sum + i), (uint8_t *)(above + i), (uint8_t *)(below + i));
        for (int i = 0; i < PIXELS; i += 2)
            subtract_saturate8((uint8_t *)(sum + i), (uint8_t *)(sum + i), (uint8_t *)(source + i));
    }

    uint64_t hash = checksum(CHECKSUM_START, below, sizeof below);
    hash = checksum(hash, sum, sizeof sum);
    return report("alpha_blend", hash);
}
