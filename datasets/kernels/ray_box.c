/* Slab tests of rays against axis-aligned boxes: one box, the two children of
 * a tree node, four rays against one box. Exercises products in groups of 3,
 * min/max as compare and select, and horizontal min/max reductions. */
#include "kernel.h"

enum { COUNT = 128 };

typedef struct { float x, y, z; } vec3;
typedef struct { vec3 low, high; } box;
typedef struct { vec3 origin, inverse; float limit; } ray;

static inline float smaller(float a, float b) { return a < b ? a : b; }
static inline float larger(float a, float b) { return a > b ? a : b; }

/* The distance to the box, or -1 where the ray misses it. */
NOINLINE float hit_box(const ray *r, const box *b)
{
    float x0 = (b->low.x - r->origin.x) * r->inverse.x;
    float y0 = (b->low.y - r->origin.y) * r->inverse.y;
    float z0 = (b->low.z - r->origin.z) * r->inverse.z;
    float x1 = (b->high.x - r->origin.x) * r->inverse.x;
    float y1 = (b->high.y - r->origin.y) * r->inverse.y;
    float z1 = (b->high.z - r->origin.z) * r->inverse.z;

    float enter = larger(larger(smaller(x0, x1), smaller(y0, y1)), larger(smaller(z0, z1), 0.0f));
    float leave = smaller(smaller(larger(x0, x1), larger(y0, y1)),
                          smaller(larger(z0, z1), r->limit));
    return enter <= leave ? enter : -1.0f;
}

/* Both children at once, as a traversal loop asks for them. */
NOINLINE unsigned hit_children(const ray *r, const box children[2], float distance[2])
{
    for (int i = 0; i < 2; i++) {
        const box *b = &children[i];
        float x0 = (b->low.x - r->origin.x) * r->inverse.x;
        float y0 = (b->low.y - r->origin.y) * r->inverse.y;
        float x1 = (b->high.x - r->origin.x) * r->inverse.x;
        float y1 = (b->high.y - r->origin.y) * r->inverse.y;
        float enter = larger(smaller(x0, x1), smaller(y0, y1));
        float leave = smaller(larger(x0, x1), larger(y0, y1));
        distance[i] = enter <= leave ? enter : r->limit;
    }
    return distance[1] < distance[0] ? 1u : 0u;
}

/* Coordinates of four rays stand side by side: six arrays of four. */
NOINLINE void hit_packet(float out[restrict 4], const float rays[restrict 24],
                         const box *restrict b)
{
    for (int i = 0; i < 4; i++) {
        float x0 = (b->low.x - rays[i]) * rays[12 + i];
        float y0 = (b->low.y - rays[4 + i]) * rays[16 + i];
        float z0 = (b->low.z - rays[8 + i]) * rays[20 + i];
        float x1 = (b->high.x - rays[i]) * rays[12 + i];
        float y1 = (b->high.y - rays[4 + i]) * rays[16 + i];
        float z1 = (b->high.z - rays[8 + i]) * rays[20 + i];
        float enter = larger(larger(smaller(x0, x1), smaller(y0, y1)), smaller(z0, z1));
        float leave = smaller(smaller(larger(x0, x1), larger(y0, y1)), larger(z0, z1));
        out[i] = enter <= leave ? enter : -1.0f;
    }
}

int main(int argc, char **argv)
{
    static ray rays[COUNT];
    static box boxes[COUNT];
    static float single[COUNT], pairs[COUNT], packets[COUNT], lanes[24];
    unsigned second = 0;
    uint64_t seed = 29;

    fill_float(&seed, rays, sizeof rays, 0.5, 8.5);
    fill_float(&seed, boxes, sizeof boxes, 2.0, 6.0);
    fill_float(&seed, lanes, sizeof lanes, 0.25, 4.25);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < COUNT; i++)
            single[i] = hit_box(&rays[i], &boxes[(i + r) % COUNT]);
        for (int i = 0; i < COUNT; i += 2)
            second += hit_children(&rays[i], &boxes[i], &pairs[i]);
        for (int i = 0; i < COUNT; i += 4)
            hit_packet(packets + i, lanes, &boxes[i]);
    }

    uint64_t hash = checksum(CHECKSUM_START, single, sizeof single);
    hash = checksum(hash, pairs, sizeof pairs);
    hash = checksum(hash, packets, sizeof packets);
    hash = checksum(hash, &second, sizeof second);
    return report("ray_box", hash);
}
