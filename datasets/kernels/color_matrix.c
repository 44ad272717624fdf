/* Colour grading of float pixels: a 3x4 matrix on RGB, lift-gamma-like curve
 * of second degree, saturation about the luma and a clamp to [0, 1], packed to
 * 8 bits. Exercises groups of 3, splats, selects and float-to-int casts. */
#include "kernel.h"

enum { PIXELS = 160 };

typedef struct { float r, g, b; } rgb;

NOINLINE void apply_matrix(rgb *restrict out, const rgb *restrict in, const float m[restrict 12])
{
    out->r = m[0] * in->r + m[1] * in->g + m[2] * in->b + m[3];
    out->g = m[4] * in->r + m[5] * in->g + m[6] * in->b + m[7];
    out->b = m[8] * in->r + m[9] * in->g + m[10] * in->b + m[11];
}

NOINLINE rgb saturate(rgb p, float amount)
{
    float luma = 0.2126f * p.r + 0.7152f * p.g + 0.0722f * p.b;
    return (rgb){luma + (p.r - luma) * amount,
                 luma + (p.g - luma) * amount,
                 luma + (p.b - luma) * amount};
}

static inline float clamp_unit(float v)
{
    v = v > 0.0f ? v : 0.0f;
    return v < 1.0f ? v : 1.0f;
}

NOINLINE void grade(rgb *p, const rgb *lift, const rgb *gain)
{
    float r = clamp_unit(p->r * gain->r + lift->r);
    float g = clamp_unit(p->g * gain->g + lift->g);
    float b = clamp_unit(p->b * gain->b + lift->b);
    p->r = r * (1.25f - 0.25f * r);
    p->g = g * (1.25f - 0.25f * g);
    p->b = b * (1.25f - 0.25f * b);
}

/* Two pixels to six bytes. */
NOINLINE void pack2(uint8_t out[6], const rgb in[2])
{
    for (int i = 0; i < 2; i++) {
        out[3 * i] = (uint8_t)(in[i].r * 255.0f + 0.5f);
        out[3 * i + 1] = (uint8_t)(in[i].g * 255.0f + 0.5f);
        out[3 * i + 2] = (uint8_t)(in[i].b * 255.0f + 0.5f);
    }
}

int main(int argc, char **argv)
{
    static rgb in[PIXELS], out[PIXELS];
    static uint8_t bytes[3 * PIXELS];
    static const float warm[12] = {0.9f, 0.1f, 0.05f, 0.02f, 0.05f, 0.85f,
                                   0.1f, 0.0f, 0.0f, 0.1f, 0.8f, -0.03f};
    static const rgb lift = {0.02f, 0.0f, -0.05f}, gain = {1.1f, 1.0f, 0.9f};
    uint64_t seed = 17;

    fill_float(&seed, in, sizeof in, 0.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < PIXELS; i++) {
            apply_matrix(&out[i], &in[i], warm);
            out[i] = saturate(out[i], 1.3f);
            grade(&out[i], &lift, &gain);
        }
        for (int i = 0; i < PIXELS; i += 2)
            pack2(bytes + 3 * i, out + i);
    }

    uint64_t hash = checksum(CHECKSUM_START, out, sizeof out);
    hash = checksum(hash, bytes, sizeof bytes);
    return report("color_matrix", hash);
}
