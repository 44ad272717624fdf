/* 8-point float DCT-II and its inverse by even and odd halves, over the rows
 * and the columns of an 8x8 block. Exercises butterflies with reversed lanes,
 * distinct constants per lane and stores to even and odd places. */
#include "kernel.h"

enum { BLOCKS = 6 };

/* Half cosines of k * pi / 16. */
#define C1 0.490392640f
#define C2 0.461939766f
#define C3 0.415734806f
#define C4 0.353553391f
#define C5 0.277785117f
#define C6 0.191341716f
#define C7 0.097545161f

NOINLINE void dct8(float *out, const float *in, int stride)
{
    float s0 = in[0] + in[7 * stride], d0 = in[0] - in[7 * stride];
    float s1 = in[stride] + in[6 * stride], d1 = in[stride] - in[6 * stride];
    float s2 = in[2 * stride] + in[5 * stride], d2 = in[2 * stride] - in[5 * stride];
    float s3 = in[3 * stride] + in[4 * stride], d3 = in[3 * stride] - in[4 * stride];
    float e0 = s0 + s3, e1 = s1 + s2, e2 = s1 - s2, e3 = s0 - s3;

    out[0] = (e0 + e1) * C4;
    out[2 * stride] = e3 * C2 + e2 * C6;
    out[4 * stride] = (e0 - e1) * C4;
    out[6 * stride] = e3 * C6 - e2 * C2;
    out[stride] = d0 * C1 + d1 * C3 + d2 * C5 + d3 * C7;
    out[3 * stride] = d0 * C3 - d1 * C7 - d2 * C1 - d3 * C5;
    out[5 * stride] = d0 * C5 - d1 * C1 + d2 * C7 + d3 * C3;
    out[7 * stride] = d0 * C7 - d1 * C5 + d2 * C3 - d3 * C1;
}

NOINLINE void inverse_dct8(float out[restrict 8], const float in[restrict 8])
{
    float p = (in[0] + in[4]) * C4, q = (in[0] - in[4]) * C4;
    float r = in[2] * C2 + in[6] * C6, s = in[2] * C6 - in[6] * C2;
    float e0 = p + r, e1 = q + s, e2 = q - s, e3 = p - r;
    float o0 = in[1] * C1 + in[3] * C3 + in[5] * C5 + in[7] * C7;
    float o1 = in[1] * C3 - in[3] * C7 - in[5] * C1 - in[7] * C5;
    float o2 = in[1] * C5 - in[3] * C1 + in[5] * C7 + in[7] * C3;
    float o3 = in[1] * C7 - in[3] * C5 + in[5] * C3 - in[7] * C1;

    out[0] = e0 + o0;
    out[1] = e1 + o1;
    out[2] = e2 + o2;
    out[3] = e3 + o3;
    out[4] = e3 - o3;
    out[5] = e2 - o2;
    out[6] = e1 - o1;
    out[7] = e0 - o0;
}

int main(int argc, char **argv)
{
    static float samples[BLOCKS][64], rows[64], spectra[BLOCKS][64], back[BLOCKS][64];
    uint64_t seed = 8;

    fill_float(&seed, samples, sizeof samples, -128.0, 128.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int b = 0; b < BLOCKS; b++) {
            for (int i = 0; i < 8; i++)
                dct8(rows + 8 * i, samples[b] + 8 * i, 1);
            for (int j = 0; j < 8; j++)
                dct8(spectra[b] + j, rows + j, 8);
            for (int i = 0; i < 8; i++)
                inverse_dct8(back[b] + 8 * i, spectra[b] + 8 * i);
        }

    uint64_t hash = checksum(CHECKSUM_START, spectra, sizeof spectra);
    hash = checksum(hash, back, sizeof back);
    return report("dct8", hash);
}
