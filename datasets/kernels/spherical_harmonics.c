/* Real spherical harmonics of three bands for lighting: the nine basis values
 * of a direction, projection of a colour, reconstruction with three channels,
 * rotation of one band. Exercises groups of 9 and 3 and shared products. */
#include "kernel.h"

enum { COUNT = 96 };

typedef struct { float x, y, z; } vec3;
typedef struct { float r, g, b; } rgb;

static inline void basis(float out[9], vec3 d)
{
    out[0] = 0.282095f;
    out[1] = 0.488603f * d.y;
    out[2] = 0.488603f * d.z;
    out[3] = 0.488603f * d.x;
    out[4] = 1.092548f * d.x * d.y;
    out[5] = 1.092548f * d.y * d.z;
    out[6] = 0.315392f * (3.0f * d.z * d.z - 1.0f);
    out[7] = 1.092548f * d.x * d.z;
    out[8] = 0.546274f * (d.x * d.x - d.y * d.y);
}

NOINLINE void evaluate(float out[restrict 9], const vec3 *restrict d)
{
    basis(out, *d);
}

/* Coefficients of one channel stand together. */
NOINLINE void project(float c[restrict 27], const vec3 *restrict d, const rgb *restrict light)
{
    float b[9];
    basis(b, *d);
    for (int k = 0; k < 9; k++) {
        c[k] += b[k] * light->r;
        c[9 + k] += b[k] * light->g;
        c[18 + k] += b[k] * light->b;
    }
}

/* Coefficients of the three channels are interleaved. */
NOINLINE rgb reconstruct(const rgb c[9], const vec3 *d)
{
    float b[9];
    rgb sum = {0.0f, 0.0f, 0.0f};
    basis(b, *d);
    for (int k = 0; k < 9; k++) {
        sum.r += c[k].r * b[k];
        sum.g += c[k].g * b[k];
        sum.b += c[k].b * b[k];
    }
    return sum;
}

/* The first band turns like a vector, with its axes in the order y, z, x. */
NOINLINE void rotate_band(float band[3], const float m[9])
{
    float y = band[0], z = band[1], x = band[2];
    band[0] = m[3] * x + m[4] * y + m[5] * z;
    band[1] = m[6] * x + m[7] * y + m[8] * z;
    band[2] = m[0] * x + m[1] * y + m[2] * z;
}

int main(int argc, char **argv)
{
    static vec3 directions[COUNT];
    static rgb lights[COUNT], coefficients[9], out[COUNT];
    static float values[COUNT][9], sums[27];
    static const float m[9] = {0.36f, 0.48f, -0.8f, -0.8f, 0.6f, 0.0f, 0.48f, 0.64f, 0.6f};
    uint64_t seed = 54;

    fill_float(&seed, directions, sizeof directions, -1.0, 1.0);
    fill_float(&seed, lights, sizeof lights, 0.0, 1.0);
    fill_float(&seed, coefficients, sizeof coefficients, -0.5, 0.5);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memset(sums, 0, sizeof sums);
        for (int i = 0; i < COUNT; i++) {
            evaluate(values[i], &directions[i]);
            project(sums, &directions[i], &lights[i]);
            out[i] = reconstruct(coefficients, &directions[i]);
            rotate_band(values[i] + 1, m);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, values, sizeof values);
    hash = checksum(hash, sums, sizeof sums);
    hash = checksum(hash, out, sizeof out);
    return report("spherical_harmonics", hash);
}
