/* Inverse and determinant of a 4x4 float matrix from the twelve 2x2 minors of
 * its upper and lower halves. Exercises alternating add/sub over permuted
 * leaves, every one of which is shared by several lanes. */
#include "kernel.h"

enum { COUNT = 64 };

/* Minors of rows 0 and 1 in s, of rows 2 and 3 in c. */
static inline void minors(const float m[16], float s[6], float c[6])
{
    s[0] = m[0] * m[5] - m[4] * m[1];
    s[1] = m[0] * m[6] - m[4] * m[2];
    s[2] = m[0] * m[7] - m[4] * m[3];
    s[3] = m[1] * m[6] - m[5] * m[2];
    s[4] = m[1] * m[7] - m[5] * m[3];
    s[5] = m[2] * m[7] - m[6] * m[3];

    c[0] = m[8] * m[13] - m[12] * m[9];
    c[1] = m[8] * m[14] - m[12] * m[10];
    c[2] = m[8] * m[15] - m[12] * m[11];
    c[3] = m[9] * m[14] - m[13] * m[10];
    c[4] = m[9] * m[15] - m[13] * m[11];
    c[5] = m[10] * m[15] - m[14] * m[11];
}

NOINLINE float determinant(const float m[16])
{
    float s[6], c[6];
    minors(m, s, c);
    return s[0] * c[5] - s[1] * c[4] + s[2] * c[3] + s[3] * c[2] - s[4] * c[1] + s[5] * c[0];
}

NOINLINE void inverse(float out[restrict 16], const float m[restrict 16])
{
    float s[6], c[6];
    minors(m, s, c);
    float det = s[0] * c[5] - s[1] * c[4] + s[2] * c[3] + s[3] * c[2] - s[4] * c[1] + s[5] * c[0];
    float k = 1.0f / det;

    out[0] = (m[5] * c[5] - m[6] * c[4] + m[7] * c[3]) * k;
    out[1] = (-m[1] * c[5] + m[2] * c[4] - m[3] * c[3]) * k;
    out[2] = (m[13] * s[5] - m[14] * s[4] + m[15] * s[3]) * k;
    out[3] = (-m[9] * s[5] + m[10] * s[4] - m[11] * s[3]) * k;

    out[4] = (-m[4] * c[5] + m[6] * c[2] - m[7] * c[1]) * k;
    out[5] = (m[0] * c[5] - m[2] * c[2] + m[3] * c[1]) * k;
    out[6] = (-m[12] * s[5] + m[14] * s[2] - m[15] * s[1]) * k;
    out[7] = (m[8] * s[5] - m[10] * s[2] + m[11] * s[1]) * k;

    out[8] = (m[4] * c[4] - m[5] * c[2] + m[7] * c[0]) * k;
    out[9] = (-m[0] * c[4] + m[1] * c[2] - m[3] * c[0]) * k;
    out[10] = (m[12] * s[4] - m[13] * s[2] + m[15] * s[0]) * k;
    out[11] = (-m[8] * s[4] + m[9] * s[2] - m[11] * s[0]) * k;

    out[12] = (-m[4] * c[3] + m[5] * c[1] - m[6] * c[0]) * k;
    out[13] = (m[0] * c[3] - m[1] * c[1] + m[2] * c[0]) * k;
    out[14] = (-m[12] * s[3] + m[13] * s[1] - m[14] * s[0]) * k;
    out[15] = (m[8] * s[3] - m[9] * s[1] + m[10] * s[0]) * k;
}

int main(int argc, char **argv)
{
    static float m[COUNT][16], inverses[COUNT][16], determinants[COUNT];
    uint64_t seed = 6;

    fill_float(&seed, m, sizeof m, -0.5, 0.5);
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 16; k += 5)
            m[i][k] += 2.0f;

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            inverse(inverses[i], m[i]);
            determinants[i] = determinant(inverses[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, inverses, sizeof inverses);
    hash = checksum(hash, determinants, sizeof determinants);
    return report("matrix_4x4_inverse", hash);
}
