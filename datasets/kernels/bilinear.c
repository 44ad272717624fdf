/* Linear interpolation: bilinear samples of RGBA bytes in 8-bit fixed point, of
 * a float field and of RGB floats, trilinear in a cube of eight corners.
 * Exercises widening, splatted weights, groups of 3, and a tree of blends. */
#include "kernel.h"

enum { SIZE = 17, SAMPLES = 128 };

typedef struct { uint8_t c[4]; } rgba;
typedef struct { float r, g, b; } rgb;

/* fx and fy are fractions of 256. */
NOINLINE rgba sample_rgba(const rgba *at, unsigned fx, unsigned fy)
{
    unsigned w00 = (256 - fx) * (256 - fy), w10 = fx * (256 - fy);
    unsigned w01 = (256 - fx) * fy, w11 = fx * fy;
    rgba out;
    for (int k = 0; k < 4; k++)
        out.c[k] = (uint8_t)((at[0].c[k] * w00 + at[1].c[k] * w10 + at[SIZE].c[k] * w01
                              + at[SIZE + 1].c[k] * w11 + 32768) >> 16);
    return out;
}

NOINLINE void sample_rgb(rgb *restrict out, const rgb *restrict at, float fx, float fy)
{
    rgb a = at[0], b = at[1], c = at[SIZE], d = at[SIZE + 1];
    rgb up = {a.r + (b.r - a.r) * fx, a.g + (b.g - a.g) * fx, a.b + (b.b - a.b) * fx};
    rgb down = {c.r + (d.r - c.r) * fx, c.g + (d.g - c.g) * fx, c.b + (d.b - c.b) * fx};
    out->r = up.r + (down.r - up.r) * fy;
    out->g = up.g + (down.g - up.g) * fy;
    out->b = up.b + (down.b - up.b) * fy;
}

/* Corner k has its x, y and z bits in k. */
NOINLINE float trilinear(const float corner[8], const float f[3])
{
    float x00 = corner[0] + (corner[1] - corner[0]) * f[0];
    float x10 = corner[2] + (corner[3] - corner[2]) * f[0];
    float x01 = corner[4] + (corner[5] - corner[4]) * f[0];
    float x11 = corner[6] + (corner[7] - corner[6]) * f[0];
    float y0 = x00 + (x10 - x00) * f[1];
    float y1 = x01 + (x11 - x01) * f[1];
    return y0 + (y1 - y0) * f[2];
}

/* Four places on one cell of a field of doubles. */
NOINLINE void sample_field4(double out[restrict 4], const double cell[restrict 4],
                            const double fx[restrict 4], const double fy[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        double up = cell[0] * (1.0 - fx[i]) + cell[1] * fx[i];
        double down = cell[2] * (1.0 - fx[i]) + cell[3] * fx[i];
        out[i] = up * (1.0 - fy[i]) + down * fy[i];
    }
}

int main(int argc, char **argv)
{
    static rgba image[SIZE * SIZE], pixels[SAMPLES];
    static rgb colors[SIZE * SIZE], blends[SAMPLES];
    static float cubes[SAMPLES][8], places[SAMPLES][3], values[SAMPLES];
    static double cells[SAMPLES][4], fractions[2][4], field[SAMPLES][4];
    static uint32_t steps[SAMPLES];
    uint64_t seed = 49;

    fill_bytes(&seed, image, sizeof image);
    fill_bytes(&seed, steps, sizeof steps);
    fill_float(&seed, colors, sizeof colors, 0.0, 1.0);
    fill_float(&seed, cubes, sizeof cubes, -1.0, 1.0);
    fill_float(&seed, places, sizeof places, 0.0, 1.0);
    fill_double(&seed, cells, sizeof cells, -1.0, 1.0);
    fill_double(&seed, fractions, sizeof fractions, 0.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < SAMPLES; i++) {
            unsigned at = (steps[i] >> 16) % (SIZE - 1) * SIZE + (steps[i] >> 24) % (SIZE - 1);
            pixels[i] = sample_rgba(image + at, steps[i] & 255, steps[i] >> 8 & 255);
            sample_rgb(&blends[i], colors + at, places[i][0], places[i][1]);
            values[i] = trilinear(cubes[i], places[i]);
            sample_field4(field[i], cells[i], fractions[0], fractions[1]);
        }

    uint64_t hash = checksum(CHECKSUM_START, pixels, sizeof pixels);
    hash = checksum(hash, blends, sizeof blends);
    hash = checksum(hash, values, sizeof values);
    hash = checksum(hash, field, sizeof field);
    return report("bilinear", hash);
}
