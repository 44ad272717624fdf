/* Axis-aligned boxes: union, extension by points, overlap, surface, and the
 * box of a rotated box. Exercises min and max lanes side by side, subtractions
 * in groups of 3, comparisons joined by "and", absolute values. */
#include <math.h>

#include "kernel.h"

enum { COUNT = 128 };

typedef struct { float low[3], high[3]; } box;
typedef struct { double low[2], high[2]; } rectangle;

static inline float smaller(float a, float b) { return a < b ? a : b; }
static inline float larger(float a, float b) { return a > b ? a : b; }

NOINLINE void unite(box *restrict out, const box *restrict a, const box *restrict b)
{
    for (int k = 0; k < 3; k++) {
        out->low[k] = smaller(a->low[k], b->low[k]);
        out->high[k] = larger(a->high[k], b->high[k]);
    }
}

NOINLINE void extend4(box *b, const float points[4][3])
{
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++) {
            b->low[k] = smaller(b->low[k], points[i][k]);
            b->high[k] = larger(b->high[k], points[i][k]);
        }
}

NOINLINE int overlap(const box *a, const box *b)
{
    return (a->low[0] <= b->high[0]) & (a->low[1] <= b->high[1]) & (a->low[2] <= b->high[2])
         & (b->low[0] <= a->high[0]) & (b->low[1] <= a->high[1]) & (b->low[2] <= a->high[2]);
}

NOINLINE float surface(const box *b)
{
    float x = b->high[0] - b->low[0], y = b->high[1] - b->low[1], z = b->high[2] - b->low[2];
    return 2.0f * (x * y + y * z + z * x);
}

/* Centre and half extent go through a 3x3 matrix and its absolute values. */
NOINLINE void rotate(box *out, const box *in, const float m[9])
{
    float centre[3], half[3];
    for (int k = 0; k < 3; k++) {
        centre[k] = 0.5f * (in->low[k] + in->high[k]);
        half[k] = 0.5f * (in->high[k] - in->low[k]);
    }
    for (int k = 0; k < 3; k++) {
        const float *row = m + 3 * k;
        float c = row[0] * centre[0] + row[1] * centre[1] + row[2] * centre[2];
        float h = fabsf(row[0]) * half[0] + fabsf(row[1]) * half[1] + fabsf(row[2]) * half[2];
        out->low[k] = c - h;
        out->high[k] = c + h;
    }
}

NOINLINE rectangle intersect(rectangle a, rectangle b)
{
    rectangle out;
    for (int k = 0; k < 2; k++) {
        out.low[k] = a.low[k] > b.low[k] ? a.low[k] : b.low[k];
        out.high[k] = a.high[k] < b.high[k] ? a.high[k] : b.high[k];
    }
    return out;
}

int main(int argc, char **argv)
{
    static box a[COUNT], b[COUNT], united[COUNT], turned[COUNT];
    static rectangle flat[COUNT], met[COUNT];
    static float points[4][3], surfaces[COUNT];
    static const float m[9] = {0.36f, 0.48f, -0.8f, -0.8f, 0.6f, 0.0f, 0.48f, 0.64f, 0.6f};
    unsigned overlaps = 0;
    uint64_t seed = 33;

    fill_float(&seed, a, sizeof a, -4.0, 4.0);
    fill_float(&seed, b, sizeof b, -4.0, 4.0);
    fill_double(&seed, flat, sizeof flat, -4.0, 4.0);
    fill_float(&seed, points, sizeof points, -5.0, 5.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            unite(&united[i], &a[i], &b[i]);
            rotate(&turned[i], &united[i], m);
            extend4(&united[i], (const float (*)[3])points);
            surfaces[i] = surface(&united[i]);
            overlaps += (unsigned)overlap(&a[i], &b[(i + r) % COUNT]);
            met[i] = intersect(flat[i], flat[COUNT - 1 - i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, united, sizeof united);
    hash = checksum(hash, turned, sizeof turned);
    hash = checksum(hash, surfaces, sizeof surfaces);
    hash = checksum(hash, met, sizeof met);
    hash = checksum(hash, &overlaps, sizeof overlaps);
    return report("aabb_union", hash);
}
