/* Vectors of three doubles in arrays of structures: cross and dot products,
 * normalization, reflection, angular momentum. Exercises groups of 3, rotated
 * lanes (y, z, x), splatted scales, sqrt and division. */
#include <math.h>

#include "kernel.h"

enum { COUNT = 128 };

typedef struct { double x, y, z; } vec3;

NOINLINE void cross(vec3 *out, const vec3 *a, const vec3 *b)
{
    double x = a->y * b->z - a->z * b->y;
    double y = a->z * b->x - a->x * b->z;
    double z = a->x * b->y - a->y * b->x;
    out->x = x;
    out->y = y;
    out->z = z;
}

NOINLINE double dot(vec3 a, vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

NOINLINE vec3 normalize(vec3 v)
{
    double scale = 1.0 / sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
    return (vec3){v.x * scale, v.y * scale, v.z * scale};
}

NOINLINE void reflect(vec3 *restrict out, const vec3 *restrict in, const vec3 *restrict n)
{
    double twice = 2.0 * (in->x * n->x + in->y * n->y + in->z * n->z);
    out->x = in->x - twice * n->x;
    out->y = in->y - twice * n->y;
    out->z = in->z - twice * n->z;
}

/* Adds mass * (position - centre) x velocity of two particles. */
NOINLINE void add_momentum(vec3 *restrict sum, const vec3 position[2], const vec3 velocity[2],
                           const vec3 *centre, const double mass[2])
{
    for (int i = 0; i < 2; i++) {
        double x = position[i].x - centre->x;
        double y = position[i].y - centre->y;
        double z = position[i].z - centre->z;
        sum->x += mass[i] * (y * velocity[i].z - z * velocity[i].y);
        sum->y += mass[i] * (z * velocity[i].x - x * velocity[i].z);
        sum->z += mass[i] * (x * velocity[i].y - y * velocity[i].x);
    }
}

int main(int argc, char **argv)
{
    static vec3 a[COUNT], b[COUNT], crossed[COUNT], units[COUNT], reflected[COUNT];
    static double dots[COUNT], mass[COUNT];
    vec3 momentum = {0.0, 0.0, 0.0};
    static const vec3 centre = {0.25, -0.5, 0.75};
    uint64_t seed = 32;

    fill_double(&seed, a, sizeof a, 0.25, 2.25);
    fill_double(&seed, b, sizeof b, -1.0, 1.0);
    fill_double(&seed, mass, sizeof mass, 1.0, 3.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            cross(&crossed[i], &a[i], &b[i]);
            units[i] = normalize(a[i]);
            reflect(&reflected[i], &b[i], &units[i]);
            dots[i] = dot(reflected[i], crossed[i]);
            add_momentum(&momentum, &a[i & ~1], &b[i & ~1], &centre, &mass[i & ~1]);
        }

    uint64_t hash = checksum(CHECKSUM_START, crossed, sizeof crossed);
    hash = checksum(hash, units, sizeof units);
    hash = checksum(hash, reflected, sizeof reflected);
    hash = checksum(hash, dots, sizeof dots);
    hash = checksum(hash, &momentum, sizeof momentum);
    return report("vec3_ops", hash);
}
