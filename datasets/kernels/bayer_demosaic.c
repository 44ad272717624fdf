/* Bilinear demosaicing of a Bayer mosaic (RGGB): each call turns one 2x2 cell
 * and its border into four RGB pixels, on u8 and on float samples. Exercises
 * averages, loads at mixed strides, shared sums and interleaved stores of 3. */
#include "kernel.h"

enum { WIDTH = 64, HEIGHT = 16 };

static inline unsigned mean2(unsigned a, unsigned b)
{
    return (a + b + 1) >> 1;
}

static inline unsigned mean4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (a + b + c + d + 2) >> 2;
}

/* `in` points at the red sample of the cell; rows are WIDTH apart. */
NOINLINE void demosaic_cell(uint8_t upper[restrict 6], uint8_t lower[restrict 6],
                            const uint8_t *restrict in)
{
    const uint8_t *a = in - WIDTH, *b = in, *c = in + WIDTH, *d = in + 2 * WIDTH;

    upper[0] = b[0];
    upper[1] = (uint8_t)mean4(a[0], b[-1], b[1], c[0]);
    upper[2] = (uint8_t)mean4(a[-1], a[1], c[-1], c[1]);
    upper[3] = (uint8_t)mean2(b[0], b[2]);
    upper[4] = b[1];
    upper[5] = (uint8_t)mean2(a[1], c[1]);

    lower[0] = (uint8_t)mean2(b[0], d[0]);
    lower[1] = c[0];
    lower[2] = (uint8_t)mean2(c[-1], c[1]);
    lower[3] = (uint8_t)mean4(b[0], b[2], d[0], d[2]);
    lower[4] = (uint8_t)mean4(b[1], c[0], c[2], d[1]);
    lower[5] = c[1];
}

/* Green at two red places, weighted towards the smoother direction. */
NOINLINE void green2(float out[2], const float *in)
{
    for (int i = 0; i < 2; i++) {
        const float *p = in + 2 * i;
        float across = p[-1] - p[1], along = p[-WIDTH] - p[WIDTH];
        float wx = 1.0f / (1.0f + across * across), wy = 1.0f / (1.0f + along * along);
        out[i] = 0.5f * (wx * (p[-1] + p[1]) + wy * (p[-WIDTH] + p[WIDTH])) / (wx + wy);
    }
}

int main(int argc, char **argv)
{
    static uint8_t mosaic[HEIGHT * WIDTH], pixels[HEIGHT][3 * WIDTH];
    static float samples[HEIGHT * WIDTH], green[HEIGHT][WIDTH / 2];
    uint64_t seed = 21;

    fill_bytes(&seed, mosaic, sizeof mosaic);
    for (int i = 0; i < HEIGHT * WIDTH; i++)
        samples[i] = (float)mosaic[i] / 64.0f;

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int y = 2; y + 2 < HEIGHT; y += 2) {
            for (int x = 2; x + 2 < WIDTH; x += 2)
                demosaic_cell(pixels[y] + 3 * x, pixels[y + 1] + 3 * x, mosaic + y * WIDTH + x);
            for (int x = 4; x + 4 < WIDTH; x += 4)
                green2(green[y] + x / 2, samples + y * WIDTH + x);
        }

    uint64_t hash = checksum(CHECKSUM_START, pixels, sizeof pixels);
    hash = checksum(hash, green, sizeof green);
    return report("bayer_demosaic", hash);
}
