/* Loops that carry several values at once: sums of four moments, an escape-time
 * iteration on two points, a random walk, mean and covariance of pairs.
 * Exercises PHI packs around a loop, whose lanes meet only after it. */
#include "kernel.h"

enum { COUNT = 128 };

typedef struct { double x, y; } point;
typedef struct { double mean_x, mean_y, xx, yy, xy; } covariance;

NOINLINE void power_sums(double out[restrict 4], const double *restrict v, int count)
{
    double s1 = 0.0, s2 = 0.0, s3 = 0.0, s4 = 0.0;
    for (int i = 0; i < count; i++) {
        double x = v[i], x2 = x * x;
        s1 += x;
        s2 += x2;
        s3 += x2 * x;
        s4 += x2 * x2;
    }
    out[0] = s1;
    out[1] = s2;
    out[2] = s3;
    out[3] = s4;
}

/* Both points iterate until both have escaped or the limit is reached. */
NOINLINE void escape2(double z[4], const double c[4], int limit)
{
    double x0 = 0.0, y0 = 0.0, x1 = 0.0, y1 = 0.0;
    for (int i = 0; i < limit; i++) {
        double a0 = x0 * x0, b0 = y0 * y0, a1 = x1 * x1, b1 = y1 * y1;
        if ((a0 + b0 > 4.0) & (a1 + b1 > 4.0))
            break;
        y0 = a0 + b0 > 4.0 ? y0 : 2.0 * x0 * y0 + c[1];
        y1 = a1 + b1 > 4.0 ? y1 : 2.0 * x1 * y1 + c[3];
        x0 = a0 + b0 > 4.0 ? x0 : a0 - b0 + c[0];
        x1 = a1 + b1 > 4.0 ? x1 : a1 - b1 + c[2];
    }
    z[0] = x0;
    z[1] = y0;
    z[2] = x1;
    z[3] = y1;
}

NOINLINE covariance correlate(const point *p, int count)
{
    covariance c = {0.0, 0.0, 0.0, 0.0, 0.0};
    for (int i = 0; i < count; i++) {
        double dx = p[i].x - c.mean_x, dy = p[i].y - c.mean_y;
        double weight = 1.0 / (i + 1);
        c.mean_x += dx * weight;
        c.mean_y += dy * weight;
        c.xx += dx * (p[i].x - c.mean_x);
        c.yy += dy * (p[i].y - c.mean_y);
        c.xy += dx * (p[i].y - c.mean_y);
    }
    return c;
}

/* Four generators of random numbers, advanced and counted together. */
NOINLINE void walk4(uint32_t state[restrict 4], int32_t place[restrict 4], int steps)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    int32_t pa = 0, pb = 0, pc = 0, pd = 0;
    while (steps-- > 0) {
        a = a * 1664525u + 1013904223u;
        b = b * 1664525u + 1013904223u;
        c = c * 1664525u + 1013904223u;
        d = d * 1664525u + 1013904223u;
        pa += (int32_t)(a >> 30) - 1;
        pb += (int32_t)(b >> 30) - 1;
        pc += (int32_t)(c >> 30) - 1;
        pd += (int32_t)(d >> 30) - 1;
    }
    memcpy(state, (const uint32_t[4]){a, b, c, d}, 4 * sizeof a);
    memcpy(place, (const int32_t[4]){pa, pb, pc, pd}, 4 * sizeof pa);
}

int main(int argc, char **argv)
{
    static double values[COUNT], c[COUNT][4], z[COUNT][4];
    static point points[COUNT];
    static int32_t places[4];
    static uint32_t states[4] = {1, 22, 333, 4444};
    double sums[4];
    covariance correlation = {0};
    uint64_t seed = 55;

    fill_double(&seed, values, sizeof values, -1.0, 1.0);
    fill_double(&seed, c, sizeof c, -1.5, 0.5);
    fill_double(&seed, points, sizeof points, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        power_sums(sums, values + r % 8, COUNT - 8);
        correlation = correlate(points + r % 8, COUNT - 8);
        walk4(states, places, COUNT);
        for (int i = 0; i < COUNT; i++)
            escape2(z[i], c[i], 24);
    }

    uint64_t hash = checksum(CHECKSUM_START, sums, sizeof sums);
    hash = checksum(hash, &correlation, sizeof correlation);
    hash = checksum(hash, places, sizeof places);
    hash = checksum(hash, z, sizeof z);
    return report("carried_lanes", hash);
}
