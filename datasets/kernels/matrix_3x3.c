/* 3x3 matrices of float: product, determinant, inverse by cofactors, product
 * with a vector. Exercises groups of 3 and 9, rotated lanes and differences of
 * products with many shared leaves. */
#include "kernel.h"

enum { COUNT = 64 };

NOINLINE void multiply(float out[restrict 9], const float a[restrict 9], const float b[restrict 9])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

NOINLINE float determinant(const float m[9])
{
    return m[0] * (m[4] * m[8] - m[5] * m[7])
         - m[1] * (m[3] * m[8] - m[5] * m[6])
         + m[2] * (m[3] * m[7] - m[4] * m[6]);
}

NOINLINE void inverse(float out[9], const float m[9])
{
    float a = m[0], b = m[1], c = m[2];
    float d = m[3], e = m[4], f = m[5];
    float g = m[6], h = m[7], i = m[8];
    float ca = e * i - f * h;
    float cb = f * g - d * i;
    float cc = d * h - e * g;
    float scale = 1.0f / (a * ca + b * cb + c * cc);

    out[0] = ca * scale;
    out[1] = (c * h - b * i) * scale;
    out[2] = (b * f - c * e) * scale;
    out[3] = cb * scale;
    out[4] = (a * i - c * g) * scale;
    out[5] = (c * d - a * f) * scale;
    out[6] = cc * scale;
    out[7] = (b * g - a * h) * scale;
    out[8] = (a * e - b * d) * scale;
}

NOINLINE void transform(float out[3], const float m[9], const float v[3])
{
    float x = v[0], y = v[1], z = v[2];
    out[0] = m[0] * x + m[1] * y + m[2] * z;
    out[1] = m[3] * x + m[4] * y + m[5] * z;
    out[2] = m[6] * x + m[7] * y + m[8] * z;
}

int main(int argc, char **argv)
{
    static float a[COUNT][9], b[COUNT][9], products[COUNT][9], inverses[COUNT][9];
    static float points[COUNT][3], images[COUNT][3], determinants[COUNT];
    uint64_t seed = 4;

    fill_float(&seed, a, sizeof a, -0.5, 0.5);
    fill_float(&seed, b, sizeof b, -1.0, 1.0);
    fill_float(&seed, points, sizeof points, -8.0, 8.0);
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 9; k += 4)
            a[i][k] += 2.0f;

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            multiply(products[i], a[i], b[i]);
            determinants[i] = determinant(products[i]);
            inverse(inverses[i], a[i]);
            transform(images[i], inverses[i], points[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, products, sizeof products);
    hash = checksum(hash, determinants, sizeof determinants);
    hash = checksum(hash, inverses, sizeof inverses);
    hash = checksum(hash, images, sizeof images);
    return report("matrix_3x3", hash);
}
