/* Inverse MDCT of 6 coefficients to 12 windowed samples, overlapped with the
 * previous block, and a 9-point DCT-II by shared sums. Exercises mixed add,
 * sub and mul with shared subexpressions, mirrored stores, groups of 3 and 9. */
#include "kernel.h"

enum { COUNT = 32 };

/* cos(k * pi / 24) and window sin((k + 1/2) * pi / 12). */
#define K1 0.991444861f
#define K3 0.923879533f
#define K5 0.793353340f
#define K7 0.608761429f
#define K9 0.382683432f
#define K11 0.130526192f

static const float window[12] = {
    0.130526192f, 0.382683432f, 0.608761429f, 0.793353340f, 0.923879533f, 0.991444861f,
    0.991444861f, 0.923879533f, 0.793353340f, 0.608761429f, 0.382683432f, 0.130526192f,
};

NOINLINE void imdct12(float *restrict out, float *restrict overlap, const float *restrict in)
{
    float x0 = in[0], x1 = in[1], x2 = in[2], x3 = in[3], x4 = in[4], x5 = in[5];
    float p = x1 * K3 + x4 * K9, q = x1 * K9 - x4 * K3;
    float v = x0 - x3 - x4, w = x2 + x5 - x1;

    /* Each half of the twelve samples is three values and their mirror. */
    float t0 = x0 * K7 - x2 * K11 + x3 * K1 - x5 * K5 - p;
    float t1 = v * K9 + w * K3;
    float t2 = x0 * K11 + x2 * K7 - x3 * K5 - x5 * K1 - q;
    float u0 = x0 * K5 - x2 * K1 - x3 * K11 + x5 * K7 - q;
    float u1 = v * K3 - w * K9;
    float u2 = x0 * K1 + x2 * K5 + x3 * K7 + x5 * K11 + p;

    out[0] = t0 * window[0] + overlap[0];
    out[1] = t1 * window[1] + overlap[1];
    out[2] = t2 * window[2] + overlap[2];
    out[3] = -t2 * window[3] + overlap[3];
    out[4] = -t1 * window[4] + overlap[4];
    out[5] = -t0 * window[5] + overlap[5];
    overlap[0] = -u0 * window[6];
    overlap[1] = -u1 * window[7];
    overlap[2] = -u2 * window[8];
    overlap[3] = -u2 * window[9];
    overlap[4] = -u1 * window[10];
    overlap[5] = -u0 * window[11];
}

/* cos(k * pi / 18). */
NOINLINE void dct9(float out[9], const float in[9])
{
    float s0 = in[0] + in[8], s1 = in[1] + in[7], s2 = in[2] + in[6], s3 = in[3] + in[5];
    float d0 = in[0] - in[8], d1 = in[1] - in[7], d2 = in[2] - in[6], d3 = in[3] - in[5];
    float mid = in[4], e = s0 + s2 + s3;

    out[0] = e + s1 + mid;
    out[1] = d0 * 0.984807753f + d1 * 0.866025404f + d2 * 0.642787610f + d3 * 0.342020143f;
    out[2] = s0 * 0.939692621f + s1 * 0.5f - s2 * 0.173648178f - s3 * 0.766044443f - mid;
    out[3] = (d0 - d2 - d3) * 0.866025404f;
    out[4] = s0 * 0.766044443f - s1 * 0.5f - s2 * 0.939692621f + s3 * 0.173648178f + mid;
    out[5] = d0 * 0.642787610f - d1 * 0.866025404f - d2 * 0.342020143f + d3 * 0.984807753f;
    out[6] = e * 0.5f - s1 - mid;
    out[7] = d0 * 0.342020143f - d1 * 0.866025404f + d2 * 0.984807753f - d3 * 0.642787610f;
    out[8] = s0 * 0.173648178f - s1 * 0.5f + s2 * 0.766044443f - s3 * 0.939692621f + mid;
}

int main(int argc, char **argv)
{
    static float in[COUNT][6], overlap[6], out[COUNT][6];
    static float lines[COUNT][9], spectra[COUNT][9];
    uint64_t seed = 14;

    fill_float(&seed, in, sizeof in, -1.0, 1.0);
    fill_float(&seed, lines, sizeof lines, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i++) {
            imdct12(out[i], overlap, in[i]);
            dct9(spectra[i], lines[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, out, sizeof out);
    hash = checksum(hash, overlap, sizeof overlap);
    hash = checksum(hash, spectra, sizeof spectra);
    return report("imdct12", hash);
}
