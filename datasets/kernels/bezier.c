/* Bezier curves and patches: cubic curves in the plane and in space by
 * Bernstein weights, by repeated interpolation, and a split in two. Exercises
 * pairs and groups of 3 with splatted weights and chains of blends. */
#include "kernel.h"

enum { CURVES = 16, STEPS = 8 };

typedef struct { double x, y; } point;
typedef struct { float x, y, z; } vec3;

NOINLINE point evaluate(const point p[4], double t)
{
    double s = 1.0 - t;
    double b0 = s * s * s, b1 = 3.0 * s * s * t, b2 = 3.0 * s * t * t, b3 = t * t * t;
    return (point){b0 * p[0].x + b1 * p[1].x + b2 * p[2].x + b3 * p[3].x,
                   b0 * p[0].y + b1 * p[1].y + b2 * p[2].y + b3 * p[3].y};
}

static inline vec3 blend(vec3 a, vec3 b, float t)
{
    return (vec3){a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, a.z + (b.z - a.z) * t};
}

NOINLINE void interpolate(vec3 *restrict out, const vec3 p[restrict 4], float t)
{
    vec3 a = blend(p[0], p[1], t), b = blend(p[1], p[2], t), c = blend(p[2], p[3], t);
    *out = blend(blend(a, b, t), blend(b, c, t), t);
}

/* Seven points: both halves, which share the middle one. */
NOINLINE void split(point out[restrict 7], const point p[restrict 4])
{
    point a = {0.5 * (p[0].x + p[1].x), 0.5 * (p[0].y + p[1].y)};
    point b = {0.5 * (p[1].x + p[2].x), 0.5 * (p[1].y + p[2].y)};
    point c = {0.5 * (p[2].x + p[3].x), 0.5 * (p[2].y + p[3].y)};
    point d = {0.5 * (a.x + b.x), 0.5 * (a.y + b.y)};
    point e = {0.5 * (b.x + c.x), 0.5 * (b.y + c.y)};
    out[0] = p[0];
    out[1] = a;
    out[2] = d;
    out[3] = (point){0.5 * (d.x + e.x), 0.5 * (d.y + e.y)};
    out[4] = e;
    out[5] = c;
    out[6] = p[3];
}

/* A quadratic curve at four parameters. */
NOINLINE void evaluate4(float out[restrict 4], const float t[restrict 4], const float c[restrict 3])
{
    for (int i = 0; i < 4; i++) {
        float s = 1.0f - t[i];
        out[i] = s * s * c[0] + 2.0f * s * t[i] * c[1] + t[i] * t[i] * c[2];
    }
}

int main(int argc, char **argv)
{
    static point plane[CURVES][4], halves[CURVES][7], on_plane[CURVES][STEPS];
    static vec3 space[CURVES][4], in_space[CURVES][STEPS];
    static float weights[CURVES][3], quadratic[CURVES][4];
    static const float t[4] = {0.125f, 0.375f, 0.625f, 0.875f};
    uint64_t seed = 34;

    fill_double(&seed, plane, sizeof plane, -8.0, 8.0);
    fill_float(&seed, space, sizeof space, -8.0, 8.0);
    fill_float(&seed, weights, sizeof weights, -8.0, 8.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int c = 0; c < CURVES; c++) {
            for (int k = 0; k < STEPS; k++) {
                on_plane[c][k] = evaluate(plane[c], k / (double)STEPS);
                interpolate(&in_space[c][k], space[c], (float)k / STEPS);
            }
            split(halves[c], plane[c]);
            evaluate4(quadratic[c], t, weights[c]);
        }

    uint64_t hash = checksum(CHECKSUM_START, on_plane, sizeof on_plane);
    hash = checksum(hash, in_space, sizeof in_space);
    hash = checksum(hash, halves, sizeof halves);
    hash = checksum(hash, quadratic, sizeof quadratic);
    return report("bezier", hash);
}
