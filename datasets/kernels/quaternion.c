/* Quaternions: product by pointer and by value, rotation of a vector, blended
 * interpolation with normalization, and the matrix of one. Exercises four
 * lanes of permuted products with irregular signs, splats and sqrt. */
#include <math.h>

#include "kernel.h"

enum { COUNT = 96 };

typedef struct { float w, x, y, z; } quat;
typedef struct { double w, x, y, z; } quat_d;
typedef struct { float x, y, z; } vec3;

NOINLINE void multiply(quat *restrict out, const quat *restrict a, const quat *restrict b)
{
    out->w = a->w * b->w - a->x * b->x - a->y * b->y - a->z * b->z;
    out->x = a->w * b->x + a->x * b->w + a->y * b->z - a->z * b->y;
    out->y = a->w * b->y - a->x * b->z + a->y * b->w + a->z * b->x;
    out->z = a->w * b->z + a->x * b->y - a->y * b->x + a->z * b->w;
}

NOINLINE quat_d multiply_value(quat_d a, quat_d b)
{
    return (quat_d){a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
                    a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
                    a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
                    a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}

/* v + 2 w (q x v) + 2 q x (q x v) for a unit quaternion. */
NOINLINE vec3 rotate(const quat *q, vec3 v)
{
    float tx = 2.0f * (q->y * v.z - q->z * v.y);
    float ty = 2.0f * (q->z * v.x - q->x * v.z);
    float tz = 2.0f * (q->x * v.y - q->y * v.x);
    return (vec3){v.x + q->w * tx + (q->y * tz - q->z * ty),
                  v.y + q->w * ty + (q->z * tx - q->x * tz),
                  v.z + q->w * tz + (q->x * ty - q->y * tx)};
}

NOINLINE void blend(quat *out, const quat *a, const quat *b, float t)
{
    float dot = a->w * b->w + a->x * b->x + a->y * b->y + a->z * b->z;
    float s = 1.0f - t;
    t = dot < 0.0f ? -t : t;
    quat q = {a->w * s + b->w * t, a->x * s + b->x * t,
              a->y * s + b->y * t, a->z * s + b->z * t};
    float scale = 1.0f / sqrtf(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z + 0.0009765625f);
    *out = (quat){q.w * scale, q.x * scale, q.y * scale, q.z * scale};
}

NOINLINE void to_matrix(float m[restrict 9], const quat *restrict q)
{
    float xx = q->x * q->x, yy = q->y * q->y, zz = q->z * q->z;
    float xy = q->x * q->y, yz = q->y * q->z, zx = q->z * q->x;
    float wx = q->w * q->x, wy = q->w * q->y, wz = q->w * q->z;
    m[0] = 1.0f - 2.0f * (yy + zz);
    m[1] = 2.0f * (xy - wz);
    m[2] = 2.0f * (zx + wy);
    m[3] = 2.0f * (xy + wz);
    m[4] = 1.0f - 2.0f * (zz + xx);
    m[5] = 2.0f * (yz - wx);
    m[6] = 2.0f * (zx - wy);
    m[7] = 2.0f * (yz + wx);
    m[8] = 1.0f - 2.0f * (xx + yy);
}

int main(int argc, char **argv)
{
    static quat a[COUNT], b[COUNT], products[COUNT], blends[COUNT];
    static quat_d c[COUNT], squares[COUNT];
    static vec3 v[COUNT], turned[COUNT];
    static float matrices[COUNT][9];
    uint64_t seed = 31;

    fill_float(&seed, a, sizeof a, -1.0, 1.0);
    fill_float(&seed, b, sizeof b, -1.0, 1.0);
    fill_double(&seed, c, sizeof c, -1.0, 1.0);
    fill_float(&seed, v, sizeof v, -4.0, 4.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            multiply(&products[i], &a[i], &b[i]);
            blend(&blends[i], &products[i], &b[i], 0.375f);
            squares[i] = multiply_value(c[i], c[COUNT - 1 - i]);
            turned[i] = rotate(&blends[i], v[i]);
            to_matrix(matrices[i], &blends[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, products, sizeof products);
    hash = checksum(hash, blends, sizeof blends);
    hash = checksum(hash, squares, sizeof squares);
    hash = checksum(hash, turned, sizeof turned);
    hash = checksum(hash, matrices, sizeof matrices);
    return report("quaternion", hash);
}
