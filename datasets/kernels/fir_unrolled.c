/* FIR filters with unrolled taps: four float outputs of 8 taps, a symmetric
 * half-band filter, and 16-bit samples with 32-bit sums. Exercises overlapping
 * shifted loads, splatted taps, mirrored operands and i16 multiply-add. */
#include "kernel.h"

enum { SAMPLES = 256 };

NOINLINE void fir8_block4(float out[restrict 4], const float *restrict in,
                          const float taps[restrict 8])
{
    for (int i = 0; i < 4; i++)
        out[i] = in[i] * taps[0] + in[i + 1] * taps[1] + in[i + 2] * taps[2]
               + in[i + 3] * taps[3] + in[i + 4] * taps[4] + in[i + 5] * taps[5]
               + in[i + 6] * taps[6] + in[i + 7] * taps[7];
}

/* Seven taps of which two are zero and the rest are symmetric. */
NOINLINE void half_band2(double *out, const double *in)
{
    for (int i = 0; i < 2; i++) {
        const double *x = in + 2 * i;
        out[i] = 0.5 * x[3] + 0.28125 * (x[2] + x[4]) - 0.03125 * (x[0] + x[6]);
    }
}

NOINLINE void fir4_i16(int16_t out[restrict 4], const int16_t *restrict in,
                       const int16_t taps[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        int32_t sum = 1 << 13;
        for (int k = 0; k < 4; k++)
            sum += in[i + k] * taps[k];
        out[i] = (int16_t)(sum >> 14);
    }
}

NOINLINE float dot8(const float *a, const float *b)
{
    float even = a[0] * b[0] + a[2] * b[2] + a[4] * b[4] + a[6] * b[6];
    float odd = a[1] * b[1] + a[3] * b[3] + a[5] * b[5] + a[7] * b[7];
    return even - odd;
}

int main(int argc, char **argv)
{
    static float in[SAMPLES + 8], out[SAMPLES], contrast[SAMPLES / 8];
    static double wide[SAMPLES + 8], thin[SAMPLES / 2];
    static int16_t pcm[SAMPLES + 4], filtered[SAMPLES];
    static const float taps[8] = {-0.02f, 0.05f, 0.2f, 0.3f, 0.3f, 0.2f, 0.05f, -0.02f};
    static const int16_t taps_i16[4] = {-1200, 9000, 9000, -1200};
    uint64_t seed = 18;

    fill_float(&seed, in, sizeof in, -1.0, 1.0);
    fill_double(&seed, wide, sizeof wide, -1.0, 1.0);
    fill_bytes(&seed, pcm, sizeof pcm);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < SAMPLES; i += 4) {
            fir8_block4(out + i, in + i, taps);
            half_band2(thin + i / 2, wide + i);
            fir4_i16(filtered + i, pcm + i, taps_i16);
        }
        for (int i = 0; i < SAMPLES; i += 8)
            contrast[i / 8] = dot8(out + i, in + i);
    }

    uint64_t hash = checksum(CHECKSUM_START, out, sizeof out);
    hash = checksum(hash, thin, sizeof thin);
    hash = checksum(hash, filtered, sizeof filtered);
    hash = checksum(hash, contrast, sizeof contrast);
    return report("fir_unrolled", hash);
}
