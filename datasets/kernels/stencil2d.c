/* Stencils on a grid of doubles and of floats: five points, nine points, a
 * gradient with its flux limiter, updated four or two cells at a time.
 * Exercises overlapping row loads, splatted weights and unaligned stores. */
#include "kernel.h"

enum { WIDTH = 34, HEIGHT = 18 };

NOINLINE void five_point4(double *restrict out, const double *restrict in, double weight)
{
    for (int i = 0; i < 4; i++)
        out[i] = in[i] + weight * (in[i - 1] + in[i + 1] + in[i - WIDTH] + in[i + WIDTH]
                                   - 4.0 * in[i]);
}

NOINLINE void nine_point4(float *restrict out, const float *restrict in)
{
    for (int i = 0; i < 4; i++) {
        float corners = in[i - WIDTH - 1] + in[i - WIDTH + 1] + in[i + WIDTH - 1]
                      + in[i + WIDTH + 1];
        float sides = in[i - 1] + in[i + 1] + in[i - WIDTH] + in[i + WIDTH];
        out[i] = 0.25f * in[i] + 0.125f * sides + 0.0625f * corners;
    }
}

/* Red cells only: every second one, in place. */
NOINLINE void relax_red2(double *u, const double *rhs)
{
    u[0] = 0.25 * (u[-1] + u[1] + u[-WIDTH] + u[WIDTH] - rhs[0]);
    u[2] = 0.25 * (u[1] + u[3] + u[2 - WIDTH] + u[2 + WIDTH] - rhs[2]);
}

/* The smaller slope of the two sides where their signs agree, else zero. */
NOINLINE void limited_slopes4(double *restrict out, const double *restrict in)
{
    for (int i = 0; i < 4; i++) {
        double left = in[i] - in[i - 1], right = in[i + 1] - in[i];
        double al = left < 0.0 ? -left : left, ar = right < 0.0 ? -right : right;
        double least = al < ar ? left : right;
        out[i] = left * right > 0.0 ? least : 0.0;
    }
}

int main(int argc, char **argv)
{
    static double u[HEIGHT * WIDTH], heat[HEIGHT * WIDTH], relaxed[HEIGHT * WIDTH];
    static double slopes[HEIGHT * WIDTH];
    static float image[HEIGHT * WIDTH], blurred[HEIGHT * WIDTH];
    uint64_t seed = 48;

    fill_double(&seed, u, sizeof u, 0.0, 1.0);
    fill_float(&seed, image, sizeof image, 0.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(relaxed, u, sizeof relaxed);
        for (int y = 1; y + 1 < HEIGHT; y++)
            for (int x = 1; x + 4 < WIDTH; x += 4) {
                int at = y * WIDTH + x;
                five_point4(heat + at, u + at, 0.2);
                nine_point4(blurred + at, image + at);
                relax_red2(relaxed + at + y % 2, heat + at);
                limited_slopes4(slopes + at, heat + at);
            }
    }

    uint64_t hash = checksum(CHECKSUM_START, heat, sizeof heat);
    hash = checksum(hash, blurred, sizeof blurred);
    hash = checksum(hash, relaxed, sizeof relaxed);
    hash = checksum(hash, slopes, sizeof slopes);
    return report("stencil2d", hash);
}
