/* Ray against triangle by edge products, with vectors of three floats by value
 * and, for four triangles at once, coordinate by coordinate. Exercises cross
 * and dot products in groups of 3, a division and branchless acceptance. */
#include "kernel.h"

enum { COUNT = 96 };

typedef struct { float x, y, z; } vec3;
typedef struct { vec3 a, ab, ac; } triangle;
typedef struct { float t, u, v; } hit;

static inline vec3 minus(vec3 a, vec3 b) { return (vec3){a.x - b.x, a.y - b.y, a.z - b.z}; }
static inline float dot(vec3 a, vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

static inline vec3 cross(vec3 a, vec3 b)
{
    return (vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

NOINLINE int intersect(hit *out, const vec3 *origin, const vec3 *direction, const triangle *tri)
{
    vec3 p = cross(*direction, tri->ac);
    float scale = 1.0f / dot(tri->ab, p);
    vec3 s = minus(*origin, tri->a);
    vec3 q = cross(s, tri->ab);

    out->u = dot(s, p) * scale;
    out->v = dot(*direction, q) * scale;
    out->t = dot(tri->ac, q) * scale;
    return (out->u >= 0.0f) & (out->v >= 0.0f) & (out->u + out->v <= 1.0f) & (out->t > 0.0f);
}

/* Nine coordinates of four triangles side by side; missed ones get t = -1. */
NOINLINE void intersect4(float t[restrict 4], const float tris[restrict 9][4],
                         const vec3 *restrict o, const vec3 *restrict d)
{
    for (int i = 0; i < 4; i++) {
        vec3 ab = {tris[3][i], tris[4][i], tris[5][i]};
        vec3 ac = {tris[6][i], tris[7][i], tris[8][i]};
        vec3 s = {o->x - tris[0][i], o->y - tris[1][i], o->z - tris[2][i]};
        vec3 p = cross(*d, ac), q = cross(s, ab);
        float scale = 1.0f / dot(ab, p);
        float u = dot(s, p) * scale, v = dot(*d, q) * scale;
        float least = u < v ? u : v;
        int inside = (least >= 0.0f) & (u + v <= 1.0f);
        t[i] = inside ? dot(ac, q) * scale : -1.0f;
    }
}

NOINLINE vec3 normal(const triangle *tri)
{
    return cross(tri->ab, tri->ac);
}

int main(int argc, char **argv)
{
    static triangle triangles[COUNT];
    static vec3 normals[COUNT];
    static hit hits[COUNT];
    static float packed[9][4], distances[COUNT][4];
    static const vec3 origin = {0.25f, 0.5f, -4.0f};
    vec3 direction = {0.125f, 0.25f, 1.0f};
    unsigned accepted = 0;
    uint64_t seed = 30;

    fill_float(&seed, triangles, sizeof triangles, -3.0, 3.0);
    fill_float(&seed, packed, sizeof packed, -2.0, 2.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            direction.x = 0.0625f * (float)(i % 16);
            accepted += (unsigned)intersect(&hits[i], &origin, &direction, &triangles[i]);
            intersect4(distances[i], packed, &origin, &direction);
            normals[i] = normal(&triangles[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, hits, sizeof hits);
    hash = checksum(hash, distances, sizeof distances);
    hash = checksum(hash, normals, sizeof normals);
    hash = checksum(hash, &accepted, sizeof accepted);
    return report("ray_triangle", hash);
}
