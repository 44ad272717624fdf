/* 3x3 windows over 8-bit images: Sobel gradients and their magnitude, a box
 * mean and a sharpening filter, eight pixels at a time. Exercises overlapping
 * u8 loads, i16 sums, weights by shifts, absolute values and clamps. */
#include "kernel.h"

enum { WIDTH = 66, HEIGHT = 14 };

static inline uint8_t clamp_u8(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

NOINLINE void sobel8(uint8_t out[restrict 8], const uint8_t *restrict up,
                     const uint8_t *restrict mid, const uint8_t *restrict down)
{
    for (int i = 0; i < 8; i++) {
        int16_t gx = (int16_t)(up[i + 2] - up[i] + 2 * (mid[i + 2] - mid[i])
                               + down[i + 2] - down[i]);
        int16_t gy = (int16_t)(down[i] + 2 * down[i + 1] + down[i + 2]
                               - up[i] - 2 * up[i + 1] - up[i + 2]);
        int magnitude = abs(gx) + abs(gy);
        out[i] = (uint8_t)(magnitude > 255 ? 255 : magnitude);
    }
}

/* The mean of nine, as a product with 65536 / 9. */
NOINLINE void box4(uint8_t out[4], const uint8_t *up, const uint8_t *mid, const uint8_t *down)
{
    unsigned column[6];
    for (int i = 0; i < 6; i++)
        column[i] = (unsigned)up[i] + mid[i] + down[i];
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(((column[i] + column[i + 1] + column[i + 2]) * 7282u) >> 16);
}

NOINLINE void sharpen4(uint8_t out[restrict 4], const uint8_t *restrict up,
                       const uint8_t *restrict mid, const uint8_t *restrict down)
{
    for (int i = 0; i < 4; i++) {
        int around = up[i + 1] + mid[i] + mid[i + 2] + down[i + 1];
        out[i] = clamp_u8(2 * mid[i + 1] - ((around + 2) >> 2));
    }
}

int main(int argc, char **argv)
{
    static uint8_t image[HEIGHT][WIDTH];
    static uint8_t edges[HEIGHT][WIDTH], means[HEIGHT][WIDTH], sharp[HEIGHT][WIDTH];
    uint64_t seed = 20;

    fill_bytes(&seed, image, sizeof image);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int y = 0; y + 2 < HEIGHT; y++) {
            const uint8_t *up = image[y], *mid = image[y + 1], *down = image[y + 2];
            for (int x = 0; x + 9 < WIDTH; x += 8)
                sobel8(edges[y] + x, up + x, mid + x, down + x);
            for (int x = 0; x + 5 < WIDTH; x += 4) {
                box4(means[y] + x, up + x, mid + x, down + x);
                sharpen4(sharp[y] + x, up + x, mid + x, down + x);
            }
        }

    uint64_t hash = checksum(CHECKSUM_START, edges, sizeof edges);
    hash = checksum(hash, means, sizeof means);
    hash = checksum(hash, sharp, sizeof sharp);
    return report("sobel3x3", hash);
}
