/* 4x4 integer transforms of video coding: forward core transform, inverse with
 * rounding added to pixels, and the sum of absolute Hadamard differences.
 * Exercises i16 butterflies, half-weight shifts and an absolute reduction. */
#include "kernel.h"

enum { BLOCKS = 24 };

NOINLINE void forward(int16_t out[16], const uint8_t a[16], const uint8_t b[16])
{
    int t[16];
    for (int i = 0; i < 4; i++) {
        int d0 = a[4 * i] - b[4 * i], d1 = a[4 * i + 1] - b[4 * i + 1];
        int d2 = a[4 * i + 2] - b[4 * i + 2], d3 = a[4 * i + 3] - b[4 * i + 3];
        int s03 = d0 + d3, s12 = d1 + d2, m03 = d0 - d3, m12 = d1 - d2;
        t[i] = s03 + s12;
        t[4 + i] = 2 * m03 + m12;
        t[8 + i] = s03 - s12;
        t[12 + i] = m03 - 2 * m12;
    }
    for (int i = 0; i < 4; i++) {
        int s03 = t[4 * i] + t[4 * i + 3], s12 = t[4 * i + 1] + t[4 * i + 2];
        int m03 = t[4 * i] - t[4 * i + 3], m12 = t[4 * i + 1] - t[4 * i + 2];
        out[i] = (int16_t)(s03 + s12);
        out[4 + i] = (int16_t)(2 * m03 + m12);
        out[8 + i] = (int16_t)(s03 - s12);
        out[12 + i] = (int16_t)(m03 - 2 * m12);
    }
}

NOINLINE void inverse_add(uint8_t pixels[16], const int16_t c[16])
{
    int t[16];
    for (int i = 0; i < 4; i++) {
        int p = c[i] + c[8 + i], q = c[i] - c[8 + i];
        int r = (c[4 + i] >> 1) - c[12 + i], s = c[4 + i] + (c[12 + i] >> 1);
        t[4 * i] = p + s;
        t[4 * i + 1] = q + r;
        t[4 * i + 2] = q - r;
        t[4 * i + 3] = p - s;
    }
    for (int i = 0; i < 4; i++) {
        int p = t[i] + t[8 + i], q = t[i] - t[8 + i];
        int r = (t[4 + i] >> 1) - t[12 + i], s = t[4 + i] + (t[12 + i] >> 1);
        int sums[4] = {p + s, q + r, q - r, p - s};
        for (int k = 0; k < 4; k++) {
            int v = pixels[4 * i + k] + ((sums[k] + 32) >> 6);
            pixels[4 * i + k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
}

NOINLINE int hadamard_difference(const uint8_t a[16], const uint8_t b[16])
{
    int t[16], sum = 0;
    for (int i = 0; i < 4; i++) {
        int d0 = a[4 * i] - b[4 * i], d1 = a[4 * i + 1] - b[4 * i + 1];
        int d2 = a[4 * i + 2] - b[4 * i + 2], d3 = a[4 * i + 3] - b[4 * i + 3];
        t[4 * i] = d0 + d1 + d2 + d3;
        t[4 * i + 1] = d0 - d1 + d2 - d3;
        t[4 * i + 2] = d0 + d1 - d2 - d3;
        t[4 * i + 3] = d0 - d1 - d2 + d3;
    }
    for (int i = 0; i < 4; i++) {
        int s = t[i] + t[4 + i], m = t[i] - t[4 + i];
        int u = t[8 + i] + t[12 + i], v = t[8 + i] - t[12 + i];
        sum += abs(s + u) + abs(s - u) + abs(m + v) + abs(m - v);
    }
    return sum >> 1;
}

int main(int argc, char **argv)
{
    static uint8_t a[BLOCKS][16], b[BLOCKS][16];
    static int16_t coefficients[BLOCKS][16];
    static int differences[BLOCKS];
    uint64_t seed = 10;

    fill_bytes(&seed, a, sizeof a);
    fill_bytes(&seed, b, sizeof b);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < BLOCKS; i++) {
            forward(coefficients[i], a[i], b[(i + r) % BLOCKS]);
            inverse_add(b[i], coefficients[i]);
            differences[i] = hadamard_difference(a[i], b[i]);
        }

    uint64_t hash = checksum(CHECKSUM_START, b, sizeof b);
    hash = checksum(hash, coefficients, sizeof coefficients);
    hash = checksum(hash, differences, sizeof differences);
    return report("transform4_integer", hash);
}
