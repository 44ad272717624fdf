/* Second-order recursive filters: a stereo biquad, a bank of four of them side
 * by side, and a cascade whose stages wait for each other. Exercises lanes that
 * are two channels, state in structures, and a chain that gains nothing. */
#include "kernel.h"

enum { FRAMES = 128 };

typedef struct { double b0, b1, b2, a1, a2; } coefficients;
typedef struct { double z1, z2; } state;
typedef struct { float b0[4], b1[4], b2[4], a1[4], a2[4], z1[4], z2[4]; } bank;

NOINLINE void stereo_frame(double frame[2], state s[2], const coefficients *c)
{
    double left = frame[0], right = frame[1];
    double y0 = c->b0 * left + s[0].z1;
    double y1 = c->b0 * right + s[1].z1;
    s[0].z1 = c->b1 * left - c->a1 * y0 + s[0].z2;
    s[0].z2 = c->b2 * left - c->a2 * y0;
    s[1].z1 = c->b1 * right - c->a1 * y1 + s[1].z2;
    s[1].z2 = c->b2 * right - c->a2 * y1;
    frame[0] = y0;
    frame[1] = y1;
}

NOINLINE void bank_sample(float out[restrict 4], bank *restrict f, float in)
{
    for (int i = 0; i < 4; i++) {
        float y = f->b0[i] * in + f->z1[i];
        f->z1[i] = f->b1[i] * in - f->a1[i] * y + f->z2[i];
        f->z2[i] = f->b2[i] * in - f->a2[i] * y;
        out[i] = y;
    }
}

NOINLINE double cascade3(double x, state s[restrict 3], const coefficients c[restrict 3])
{
    for (int i = 0; i < 3; i++) {
        double y = c[i].b0 * x + s[i].z1;
        s[i].z1 = c[i].b1 * x - c[i].a1 * y + s[i].z2;
        s[i].z2 = c[i].b2 * x - c[i].a2 * y;
        x = y;
    }
    return x;
}

int main(int argc, char **argv)
{
    static double frames[FRAMES][2], stereo[FRAMES][2], mono[FRAMES];
    static float in[FRAMES], split[FRAMES][4];
    static const coefficients c[3] = {
        {0.2, 0.4, 0.2, -0.6, 0.3}, {0.5, -0.25, 0.1, 0.2, 0.4}, {0.9, -1.2, 0.5, -1.1, 0.35}};
    static bank f;
    state left_right[2] = {{0, 0}, {0, 0}}, chain[3] = {{0, 0}, {0, 0}, {0, 0}};
    uint64_t seed = 19;

    fill_double(&seed, frames, sizeof frames, -1.0, 1.0);
    fill_float(&seed, in, sizeof in, -1.0, 1.0);
    fill_float(&seed, f.b0, sizeof f.b0, 0.0, 0.5);
    fill_float(&seed, f.b1, sizeof f.b1, 0.0, 0.5);
    fill_float(&seed, f.b2, sizeof f.b2, 0.0, 0.5);
    fill_float(&seed, f.a1, sizeof f.a1, -0.5, 0.5);
    fill_float(&seed, f.a2, sizeof f.a2, 0.0, 0.4);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < FRAMES; i++) {
            memcpy(stereo[i], frames[i], sizeof stereo[i]);
            stereo_frame(stereo[i], left_right, c);
            bank_sample(split[i], &f, in[i]);
            mono[i] = cascade3(stereo[i][0] - stereo[i][1], chain, c);
        }

    uint64_t hash = checksum(CHECKSUM_START, stereo, sizeof stereo);
    hash = checksum(hash, split, sizeof split);
    hash = checksum(hash, mono, sizeof mono);
    return report("biquad", hash);
}
